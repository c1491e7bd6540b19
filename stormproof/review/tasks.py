"""What review does again and again."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.jobs import every
from stormproof.review import services


@every(seconds=600)
def remind_of_overdue_actions(at: datetime) -> None:
    """Mail the owners of actions whose date is past."""
    services.remind_of_overdue_actions(at=at)
