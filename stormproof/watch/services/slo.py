"""Judges service levels each minute: budget, burn rates, and the state of their monitors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from stormproof.core.document import write_duration
from stormproof.core.live import announce
from stormproof.watch.choices import State
from stormproof.watch.kinds.slo import SloShape, promise_of
from stormproof.watch.models import Monitor, Slo
from stormproof.watch.rules import PAGE, QUIET, Burn, budget_left, burns_of, firing_level, may_fire_again
from stormproof.watch.selectors import own_states, track_of
from stormproof.watch.services.states import move_monitor


def judge_slos(*, at: datetime) -> int:
    """Judge every service level in use; how many were."""
    ids = Monitor.objects.filter(kind="slo", enabled=True, retired_at__isnull=True).order_by("pk")
    found = list(ids.values_list("pk", flat=True))
    for pk in found:
        judge_slo(pk, at=at)
    return len(found)


@transaction.atomic
def judge_slo(monitor_id: int, *, at: datetime) -> str:
    """Judge one service level and move its monitor; the level found: quiet, ticket, page, "" when nothing is known."""
    monitor = Monitor.objects.select_for_update(no_key=True).select_related("node").get(pk=monitor_id)
    shape = promise_of(monitor.config)
    period = timedelta(days=shape.days)
    track = track_of(monitor, shape, start=at - period, end=at)
    slo, _ = Slo.objects.get_or_create(monitor=monitor)
    if track.known_from is None:
        _move(monitor, to=State.UNKNOWN, reason=_nothing(shape), at=at)
        return ""
    is_events = shape.measures == "events"
    whole = track.sums(at - period, at)
    burns = burns_of(
        lambda window: track.sums(at - window, at),
        whole=whole,
        objective=shape.objective,
        period=period,
        known_for=at - track.known_from,
        is_events=is_events,
    )
    left = budget_left(
        whole, objective=shape.objective, known=at - track.known_from, period=period, is_events=is_events
    )
    level, worst = _fire(slo, burns, at=at)
    slo.verdict = _verdict(burns, whole=whole, left=left, level=level, period=period)
    slo.judged_at = at
    slo.save(update_fields=["judged_at", "verdict", "firing", "ended"])
    to = State.UP if level == QUIET else State.DOWN if level == PAGE else State.DEGRADED
    _move(monitor, to=to, reason=reason_of_burn(worst, shape, left) if worst else "", at=at)
    Monitor.objects.filter(pk=monitor.pk).update(last_at=at, last_ok=level != PAGE)
    announce(f"slo:{monitor.pk}")
    return level


def _fire(slo: Slo, burns: list[Burn], *, at: datetime) -> tuple[str, Burn | None]:
    before = {key: datetime.fromisoformat(since) for key, since in slo.firing.items()}
    ended = {key: datetime.fromisoformat(moment) for key, moment in slo.ended.items()}
    allowed = [
        burn
        for burn in burns
        if burn.window.key in before or may_fire_again(ended.get(burn.window.key), window=burn.window, at=at)
    ]
    level, firing, worst = firing_level(allowed, before, at=at)
    slo.ended = {**slo.ended, **{key: at.isoformat() for key in before if key not in firing}}
    slo.firing = {key: since.isoformat() for key, since in firing.items()}
    return level, worst


def _move(monitor: Monitor, *, to: str, reason: str, at: datetime) -> None:
    """While the function is in maintenance nothing is told; the time counts all the same."""
    is_quiet = own_states().get(monitor.node_id) == State.MAINTENANCE and to in (State.DOWN, State.DEGRADED)
    if monitor.state == State.MAINTENANCE or is_quiet:
        return
    if not move_monitor(monitor, to=to, reason=reason[:500], since=at, at=at):
        Monitor.objects.filter(pk=monitor.pk).update(reason=reason[:500])


def reason_of_burn(burn: Burn, shape: SloShape, left: float) -> str:
    """Why it fires, in one sentence."""
    window = write_duration(burn.window.long.total_seconds())
    what = f"{burn.bad:.0f} bad of {shape.signal}" if shape.measures == "events" else f"{burn.bad / 60:.0f} min down"
    return (
        f"the error budget of {shape.objective:g} % over {shape.period} burns {burn.long_rate:.1f} times too fast: "
        f"{what} in {window}; {max(0.0, left):.0%} of the budget is left"
    )


def _nothing(shape: SloShape) -> str:
    return (
        f"the signal {shape.signal} counts nothing yet" if shape.measures == "events" else "no monitor looks at it yet"
    )


def _verdict(
    burns: list[Burn], *, whole: tuple[float, float], left: float, level: str, period: timedelta
) -> dict[str, Any]:
    return {
        "level": level,
        "bad": round(whole[0], 1),
        "total": round(whole[1], 1),
        "left": round(left, 4),
        "rows": [
            {
                "window": burn.window.key,
                "short": write_duration(burn.window.short.total_seconds()),
                "level": burn.window.level,
                "budget": burn.window.budget,
                "limit": round(burn.window.rate(period), 2),
                "long_rate": round(burn.long_rate, 2),
                "short_rate": round(burn.short_rate, 2),
                "bad": round(burn.bad, 1),
                "needed": round(burn.needed, 1),
                "has_enough": burn.has_enough,
                "fires": burn.fires,
            }
            for burn in burns
        ],
    }
