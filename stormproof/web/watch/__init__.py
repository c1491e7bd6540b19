"""The pages of `watch`."""
