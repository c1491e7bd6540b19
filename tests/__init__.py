"""The tests, a folder per app."""
