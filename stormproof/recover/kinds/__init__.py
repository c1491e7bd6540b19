"""What a step can do: one folder per kind and one line in `registry.py`."""
