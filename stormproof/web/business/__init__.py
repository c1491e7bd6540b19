"""The pages of `business`."""
