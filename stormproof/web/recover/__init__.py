"""The pages of `recover`."""
