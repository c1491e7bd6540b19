"""The pages of `review`."""
