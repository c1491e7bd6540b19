"""The one clock. Only doors and tasks read it; everything below is told the moment as `at`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(tz=UTC)
