"""The RPO: how much data is gone, when that can be known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class DataLoss:
    """Up to when the data can be had back at one moment, and whether that keeps the promise.

    `is_kept` is None when nobody knows: without a known point there is no verdict, and never a good one.
    """

    promised: timedelta | None
    newest_at: datetime | None
    age: timedelta | None
    is_kept: bool | None


def data_loss(*, promised_seconds: int | None, newest_at: datetime | None, impact_started_at: datetime) -> DataLoss:
    """What was lost when the trouble began: everything since the newest restorable or replicated data before it."""
    promised = None if promised_seconds is None else timedelta(seconds=promised_seconds)
    if newest_at is None:
        return DataLoss(promised=promised, newest_at=None, age=None, is_kept=None)
    age = max(impact_started_at - newest_at, timedelta(0))
    return DataLoss(
        promised=promised, newest_at=newest_at, age=age, is_kept=None if promised is None else age <= promised
    )
