"""Installs `respond` as a Django app."""

from django.apps import AppConfig


class RespondConfig(AppConfig):
    """The `respond` app."""

    name = "stormproof.respond"
    label = "respond"
    default_auto_field = "django.db.models.BigAutoField"
