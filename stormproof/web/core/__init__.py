"""The pages of the platform itself: is it alive, is it ready, its figures, and the id of each request."""
