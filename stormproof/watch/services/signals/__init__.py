"""Signals: what is counted is kept, read from its source, learned from and judged."""
