"""Tests of `business`."""
