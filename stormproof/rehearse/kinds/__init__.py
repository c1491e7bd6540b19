"""Kinds of faults: one folder each, one line in `registry.py`."""
