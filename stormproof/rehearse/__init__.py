"""LEARN: breaks something on purpose, lets the loop run and measures it against the promise."""
