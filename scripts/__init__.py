"""Helpers of the make targets."""
