"""Installs `rehearse` as a Django app."""

from django.apps import AppConfig


class RehearseConfig(AppConfig):
    """The `rehearse` app."""

    name = "stormproof.rehearse"
    label = "rehearse"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the section `exercises` of continuity.yaml."""
        from stormproof.core.document import register_section
        from stormproof.rehearse.document import ExercisesSection

        register_section(ExercisesSection())
