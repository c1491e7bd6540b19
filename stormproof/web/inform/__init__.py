"""The pages of `inform`."""
