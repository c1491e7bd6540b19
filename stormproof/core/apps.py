"""Installs `core` as a Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The `core` app."""

    name = "stormproof.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
