"""Installs `people` as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The `people` app."""

    name = "stormproof.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the section `teams` of continuity.yaml."""
        from stormproof.core.document import register_section
        from stormproof.people.document import TeamsSection

        register_section(TeamsSection())
