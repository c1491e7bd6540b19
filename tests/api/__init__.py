"""Tests of the API: the base, its errors, and that every route asks who is there."""
