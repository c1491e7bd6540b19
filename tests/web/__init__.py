"""The pages and their frame."""
