"""Installs `inform` as a Django app."""

from django.apps import AppConfig


class InformConfig(AppConfig):
    """The `inform` app."""

    name = "stormproof.inform"
    label = "inform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the section `status_page` of continuity.yaml."""
        from stormproof.core.document import register_section
        from stormproof.inform.document import StatusPageSection

        register_section(StatusPageSection())
