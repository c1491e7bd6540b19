"""Installs `core` as a Django app and gathers every app's reactions."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """The `core` app."""

    name = "stormproof.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import every app's `reactions.py`, so that whoever tells a fact knows who reacts to it."""
        autodiscover_modules("reactions")
