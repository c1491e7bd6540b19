"""Keeps the sample shop: starts its parts, stops them, and puts them back after a drill. Standard library only."""
