"""Installs `business` as a Django app."""

from django.apps import AppConfig


class BusinessConfig(AppConfig):
    """The `business` app."""

    name = "stormproof.business"
    label = "business"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the sections of continuity.yaml that are ours."""
        from stormproof.business.document.sections import SECTIONS
        from stormproof.core.document import register_section

        for section in SECTIONS:
            register_section(section)
