"""RESPOND: procedures that run, step by step, and survive the death of their worker."""
