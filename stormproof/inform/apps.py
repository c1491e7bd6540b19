"""Installs `inform` as a Django app."""

from django.apps import AppConfig


class InformConfig(AppConfig):
    """The `inform` app."""

    name = "stormproof.inform"
    label = "inform"
    default_auto_field = "django.db.models.BigAutoField"
