"""The only writers of `watch`."""
