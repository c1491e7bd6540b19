"""Installs `people` as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The `people` app."""

    name = "stormproof.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
