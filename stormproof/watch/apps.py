"""Installs `watch` as a Django app."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    """The `watch` app."""

    name = "stormproof.watch"
    label = "watch"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take part in continuity.yaml."""
        from stormproof.core.document import register_section
        from stormproof.watch.document import MaintenanceSection, MonitorsSection, PeaksSection

        register_section(MonitorsSection())
        register_section(MaintenanceSection())
        register_section(PeaksSection())
