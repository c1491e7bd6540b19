"""Tests of people: roles, links, tokens, sign-in and second factors."""
