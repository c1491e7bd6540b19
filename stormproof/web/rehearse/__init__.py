"""The pages of `rehearse`."""
