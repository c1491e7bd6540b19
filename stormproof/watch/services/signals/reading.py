"""Reads the sources of signals: claims what is due, asks from the cursor on, catches up, and says when it cannot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from stormproof.core.secrets import CannotOpenSecret
from stormproof.watch.choices import State
from stormproof.watch.kinds import KINDS, resolve_config
from stormproof.watch.kinds.signal import READS_EVERY_S, SignalShape, settings_of, source_of
from stormproof.watch.kinds.signal.sources import SourceFailed
from stormproof.watch.models import Monitor, Signal
from stormproof.watch.rules import LEARNS_FOR
from stormproof.watch.services.monitors import own_guard
from stormproof.watch.services.signals.counting import (
    MINUTE,
    minute_of,
    note_reading,
    put_counts,
    roll_up_history,
    signal_row,
)
from stormproof.watch.services.states import move_monitor

READS_AGAIN = timedelta(minutes=30)  # how far back each reading corrects what came late
MOST_CHUNKS = 6  # of a history at once, so that no job runs for ever
LEASE = timedelta(seconds=READS_EVERY_S)


@transaction.atomic
def claim_signals(*, at: datetime) -> list[int]:
    """The ids of the signals that are due, each claimed for a minute: nobody else gets it meanwhile."""
    in_use = Monitor.objects.filter(kind="signal", enabled=True, retired_at__isnull=True)
    for monitor in in_use.filter(signal__isnull=True):
        Signal.objects.get_or_create(monitor=monitor, defaults={"next_at": at})
    due = list(
        Signal.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(monitor__in=in_use, next_at__lte=at)
        .order_by("next_at")[:100]
    )
    Signal.objects.filter(pk__in=[signal.pk for signal in due]).update(next_at=at + LEASE)
    return [signal.pk for signal in due]


def read_signal(monitor: Monitor, *, at: datetime) -> bool:
    """Read a signal's source up to the last complete minute; False when there is more than one job may do at once.

    A source that fails leaves the cursor where it is and its words in `fault`.
    """
    shape = settings_of(monitor.config)
    source = source_of(shape)
    end = minute_of(at - timedelta(seconds=shape.settles_after))
    if source.read is None:
        return True
    signal = Signal.objects.get(monitor=monitor)
    since = _first_minute(signal, end)
    try:
        settings = _opened(monitor)
        for _ in range(MOST_CHUNKS):
            until = min(end, since + source.chunk)
            if until <= since:
                break
            rows = source.read(settings.source, since, until, own_guard())
            _keep(monitor, rows, since=since, until=until, at=at)
            since = until
    except SourceFailed as failed:
        _note_fault(monitor, str(failed), at=at)
        return True
    if signal.cursor_at is None or end - signal.cursor_at > timedelta(hours=2):
        roll_up_history(monitor, since=signal.cursor_at or end - LEARNS_FOR - timedelta(days=1))
    return since >= end


def _first_minute(signal: Signal, end: datetime) -> datetime:
    """Where to read from: a little before the cursor, or the whole history that a baseline needs."""
    earliest = end - LEARNS_FOR
    if signal.cursor_at is None:
        return earliest
    return max(earliest, minute_of(signal.cursor_at) - READS_AGAIN)


def _opened(monitor: Monitor) -> SignalShape:
    try:
        return settings_of(resolve_config(KINDS["signal"], monitor.config))
    except (LookupError, CannotOpenSecret) as error:
        raise SourceFailed(str(error)) from error


@transaction.atomic
def _keep(monitor: Monitor, rows: list[Any], *, since: datetime, until: datetime, at: datetime) -> None:
    put_counts(monitor, rows, since=since, until=until)
    signal = note_reading(monitor, since=since, until=until, at=at)
    signal.next_at = signal.next_at if until >= at - 10 * MINUTE else at
    signal.save(update_fields=["next_at"])


@transaction.atomic
def _note_fault(monitor: Monitor, words: str, *, at: datetime) -> None:
    signal = signal_row(monitor, at=at)
    signal.fault = words[:500]
    signal.save(update_fields=["fault"])


@transaction.atomic
def mark_blind_signal(monitor: Monitor, *, at: datetime) -> bool:
    """Give a signal nobody can read, or that has not learned enough, the state unknown; whether it may be judged."""
    shape = settings_of(monitor.config)
    signal = signal_row(monitor, at=at)
    monitor = Monitor.objects.select_for_update(no_key=True).get(pk=monitor.pk)
    patience = timedelta(seconds=shape.stale_after + shape.settles_after)
    words = _blindness(signal, patience, at)
    if not words:
        return True
    if monitor.state != State.MAINTENANCE and monitor.enabled and monitor.retired_at is None:
        since = min(at, (signal.cursor_at or at) + MINUTE)
        move_monitor(monitor, to=State.UNKNOWN, reason=words[:500], since=since, at=at)
        Monitor.objects.filter(pk=monitor.pk).update(reason=words[:500])
    return False


def _blindness(signal: Signal, patience: timedelta, at: datetime) -> str:
    if signal.cursor_at is None:
        return f"the source cannot be read: {signal.fault}" if signal.fault else "nothing was counted yet"
    if at - signal.cursor_at <= patience:
        return ""
    last = f"{signal.cursor_at:%d %b %H:%M} UTC"
    return f"the source cannot be read since {last}: {signal.fault}" if signal.fault else f"no figures since {last}"
