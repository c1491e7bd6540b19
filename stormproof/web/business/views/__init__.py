"""The views of `business`, by page."""
