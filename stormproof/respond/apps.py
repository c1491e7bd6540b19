"""Installs `respond` as a Django app."""

from django.apps import AppConfig


class RespondConfig(AppConfig):
    """The `respond` app."""

    name = "stormproof.respond"
    label = "respond"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the sections of continuity.yaml."""
        from stormproof.core.dead_man import call_only_while
        from stormproof.core.document import register_section
        from stormproof.respond.document import IncidentsSection, PagingSection, SchedulesSection
        from stormproof.respond.services.auditing import paging_is_right

        register_section(SchedulesSection())
        call_only_while("paging", paging_is_right)
        register_section(PagingSection())
        register_section(IncidentsSection())
