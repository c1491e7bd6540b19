"""Installs `recover` as a Django app."""

from django.apps import AppConfig


class RecoverConfig(AppConfig):
    """The `recover` app."""

    name = "stormproof.recover"
    label = "recover"
    default_auto_field = "django.db.models.BigAutoField"
