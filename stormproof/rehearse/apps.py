"""Installs `rehearse` as a Django app."""

from django.apps import AppConfig


class RehearseConfig(AppConfig):
    """The `rehearse` app."""

    name = "stormproof.rehearse"
    label = "rehearse"
    default_auto_field = "django.db.models.BigAutoField"
