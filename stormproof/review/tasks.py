"""What review does again and again."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.jobs import every
from stormproof.review import services


@every(seconds=600)
def remind_of_overdue_actions(at: datetime) -> None:
    """Mail the owners of actions whose date is past."""
    services.remind_of_overdue_actions(at=at)


@every(seconds=600)
def chase_open_actions(at: datetime) -> None:
    """Mail owners before an action is due and on the day, and managers a week after."""
    services.chase_actions(at=at)
