"""Brings an installation up to date: tables, static files, and the link that sets up the first person."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

from stormproof.core.clock import now

_LOCK = 7_240_900  # pg advisory lock: one process migrates at a time


def prepare_installation() -> str:
    """Migrate, gather the static files; the one-time set-up link while there is nobody who could sign in, else ``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    call_command("collectstatic", interactive=False, verbosity=0)
    from stormproof.people.services import first_setup_link

    return first_setup_link(at=now()) or ""
