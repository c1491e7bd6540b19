"""Installs `business` as a Django app."""

from django.apps import AppConfig


class BusinessConfig(AppConfig):
    """The `business` app."""

    name = "stormproof.business"
    label = "business"
    default_auto_field = "django.db.models.BigAutoField"
