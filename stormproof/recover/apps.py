"""Installs `recover` as a Django app."""

from django.apps import AppConfig


class RecoverConfig(AppConfig):
    """The `recover` app."""

    name = "stormproof.recover"
    label = "recover"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the section of continuity.yaml that is ours."""
        from stormproof.core.document import register_section
        from stormproof.recover.document import ProceduresSection

        register_section(ProceduresSection())
