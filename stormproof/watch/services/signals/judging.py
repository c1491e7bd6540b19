"""Learns what is normal for a signal and judges its last minutes; numpy and scipy are needed here and nowhere above."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from stormproof.business import selectors as business
from stormproof.core.live import announce
from stormproof.engine import anomaly
from stormproof.watch import selectors
from stormproof.watch.choices import State
from stormproof.watch.kinds.signal import SignalShape, settings_of
from stormproof.watch.models import Monitor, Signal
from stormproof.watch.rules import JUDGES_AFTER, LEARNS_FOR, PAGE, QUIET, TICKET, learning_words, reason_of
from stormproof.watch.selectors import minutes_of_signal
from stormproof.watch.selectors.judgement import verdict_of
from stormproof.watch.services.signals.counting import MINUTE, signal_row
from stormproof.watch.services.signals.reading import mark_blind_signal
from stormproof.watch.services.states import move_monitor

LEARNS_EVERY = timedelta(hours=1)
TOO_FRESH = timedelta(hours=6)  # what may be trouble just now must not become normal
Numbers = NDArray[np.float64]


@transaction.atomic
def learn_signal(monitor: Monitor, *, at: datetime) -> bool:
    """Learn the baseline of a signal from its last six weeks, at most once an hour; whether there is one."""
    signal = signal_row(monitor, at=at)
    if signal.learned and signal.learned_at is not None and at - signal.learned_at < LEARNS_EVERY:
        return True
    if signal.cursor_at is None or signal.history_from is None:
        return False
    if signal.cursor_at - signal.history_from < JUDGES_AFTER:
        return False
    end = signal.cursor_at
    start = max(signal.history_from, end - LEARNS_FOR)
    counted = minutes_of_signal(monitor.pk, start=start, end=end)
    usable = counted.everywhere & ~_out_of_the_ordinary(monitor, start, len(counted.total))
    minutes = anomaly.minutes_of_week(start, len(counted.total), business.shop_zone())
    orders = anomaly.fit_volume(counted.good, minutes=minutes, usable=usable)
    attempts = anomaly.fit_volume(counted.total, minutes=minutes, usable=usable)
    ratio = anomaly.fit_ratio(counted.good, counted.total, minutes=minutes, usable=usable)
    signal.learned = {
        "orders": _rounded(orders.rate),
        "orders_k": _rounded(orders.dispersion),
        "attempts": _rounded(attempts.rate),
        "attempts_k": _rounded(attempts.dispersion),
        "share": _rounded(ratio.share),
        "correlation": _rounded(ratio.correlation),
        "value": counted.usual_value(),
        "slices": selectors.usual_slices(monitor.pk, start=start, end=end),
    }
    signal.learned_at = at
    signal.save(update_fields=["learned", "learned_at"])
    return True


def judge_signal(monitor: Monitor, *, at: datetime) -> str:
    """Learn when it is time, judge the last minutes and move the monitor; the level found: quiet, ticket or page.

    A source that cannot be read, and a baseline that is too young, leave the signal unknown.
    """
    if not mark_blind_signal(monitor, at=at):
        return ""
    if not learn_signal(monitor, at=at):
        _say_it_learns(monitor, at=at)
        return ""
    return _judge(monitor, at=at)


@transaction.atomic
def _judge(monitor: Monitor, *, at: datetime) -> str:
    signal = signal_row(monitor, at=at)
    monitor = Monitor.objects.select_for_update(no_key=True).select_related("node").get(pk=monitor.pk)
    if signal.cursor_at is None or not monitor.enabled or monitor.retired_at is not None:
        return ""
    shape = settings_of(monitor.config)
    before = signal.verdict.get("end")
    verdict = verdict_of(signal, shape, end=signal.cursor_at, since=datetime.fromisoformat(before) if before else None)
    level = str(verdict["level"])
    if level != QUIET:
        signal.fired_at = signal.cursor_at
    signal.verdict = verdict
    signal.save(update_fields=["verdict", "fired_at"])
    if monitor.state != State.MAINTENANCE:
        _move(monitor, signal, shape, verdict, at=at)
    Monitor.objects.filter(pk=monitor.pk).update(last_at=at, last_ok=level != PAGE)
    announce(f"signal:{monitor.pk}", f"looks:{monitor.pk}")
    return level


def _move(monitor: Monitor, signal: Signal, shape: SignalShape, verdict: dict[str, Any], *, at: datetime) -> None:
    level, cursor = verdict["level"], signal.cursor_at or at
    quiet_for = cursor - signal.fired_at if signal.fired_at else None
    if level == QUIET:
        if quiet_for is None or quiet_for >= timedelta(seconds=shape.recovers_after):
            words = learning_words(signal.history_from, signal.cursor_at)
            move_monitor(monitor, to=State.UP, reason=words, since=cursor, at=at)
        return
    if level == TICKET and monitor.state == State.DOWN:
        return
    words = reason_of(verdict, name=monitor.node.name, counts=shape.counts, currency=business.currency())
    to = State.DOWN if level == PAGE else State.DEGRADED
    since = datetime.fromisoformat(str(verdict["since"]))
    if not move_monitor(monitor, to=to, reason=words[:500], since=since, at=at):
        Monitor.objects.filter(pk=monitor.pk).update(reason=words[:500])


@transaction.atomic
def _say_it_learns(monitor: Monitor, *, at: datetime) -> None:
    signal = signal_row(monitor, at=at)
    monitor = Monitor.objects.select_for_update(no_key=True).get(pk=monitor.pk)
    words = learning_words(signal.history_from, signal.cursor_at)
    if monitor.state != State.MAINTENANCE and monitor.enabled:
        move_monitor(monitor, to=State.UNKNOWN, reason=words, since=at, at=at)
        Monitor.objects.filter(pk=monitor.pk).update(reason=words)


def _out_of_the_ordinary(monitor: Monitor, start: datetime, count: int) -> NDArray[np.bool_]:
    """Minutes a baseline must not learn from: peaks, the last hours, and the times in which the signal was down."""
    found: NDArray[np.bool_] = np.array(selectors.peak_factors(start, count, marked=True)) != 0
    found[-int(TOO_FRESH / MINUTE) :] = True
    for begin, until in selectors.down_times(monitor, start=start, end=start + count * MINUTE):
        found[max(0, int((begin - start) / MINUTE)) : max(0, int((until - start) / MINUTE) + 1)] = True
    return found


def _rounded(values: Numbers) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
