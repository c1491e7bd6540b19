"""Installs `watch` as a Django app."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    """The `watch` app."""

    name = "stormproof.watch"
    label = "watch"
    default_auto_field = "django.db.models.BigAutoField"
