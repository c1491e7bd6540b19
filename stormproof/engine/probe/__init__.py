"""Looks at a thing from outside and says in words whether it works. Async I/O; knows no Django."""
