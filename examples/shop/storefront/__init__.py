"""Harbour Outdoor: the sample shop's own glue around django-oscar."""
