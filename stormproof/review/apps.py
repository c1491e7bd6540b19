"""Installs `review` as a Django app."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """The `review` app."""

    name = "stormproof.review"
    label = "review"
    default_auto_field = "django.db.models.BigAutoField"
