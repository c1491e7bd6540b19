"""The door for people: the console, the status page and the live stream."""
