"""The pages of `respond`."""
