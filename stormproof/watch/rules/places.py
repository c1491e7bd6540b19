"""What several places that look at one monitor say together: confirmation, quorum, flapping.

All of it is a function of what each place saw in its own order; in which order the places' reports arrive makes no
difference, and a report that comes twice counts once.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stormproof.watch.choices import State
from stormproof.watch.rules.states import Sighting, Standing, next_state

SHORTEST_FRESH = timedelta(seconds=60)
LONGEST_REASON = 400  # places and counts are added to it
RECENT = 21  # as nagios: the last 21 results hold 20 changes
FLAPPING_FROM, FLAPPING_UNTIL = 30.0, 20.0  # per cent of changes
LIGHTEST, HEAVIEST = 0.75, 1.25  # the oldest and the newest change


@dataclass(frozen=True, kw_only=True)
class PlaceView:
    """What one place says of a monitor; `recent` holds its last results, oldest first, as 1 and 0."""

    location: str
    version: int
    state: str
    since: datetime
    reason: str
    last_at: datetime
    last_ok: bool
    last_ms: float | None = None
    recent: str = ""
    is_flapping: bool = False


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is known of a monitor from all places; `flapping` is "" or says how much it flaps.

    What flaps and fails more often than not is mostly down, and seen down.
    """

    seen: Standing
    flapping: str = ""
    is_mostly_down: bool = False


def take_in(before: PlaceView | None, sighting: Sighting, *, otherwise: str) -> PlaceView:
    """What a place says after `sighting`; the same as before when it is no newer than what is known from there.

    `otherwise` is the state to start from where the place has said nothing yet.
    """
    if before is not None and sighting.at <= before.last_at:
        return before
    current = otherwise if before is None else before.state
    state = next_state(current, sighting)
    is_same = before is not None and state == before.state
    kept = before.recent if before is not None and before.version == sighting.version else ""
    recent = kept if sighting.refused else (kept + ("1" if sighting.ok else "0"))[-RECENT:]
    was_flapping = before is not None and before.is_flapping and bool(kept)
    return PlaceView(
        location=sighting.location,
        version=sighting.version,
        state=state,
        since=before.since if before is not None and is_same else sighting.since,
        reason=before.reason
        if before is not None and is_same
        else sighting.reason[:LONGEST_REASON].replace("\x00", ""),
        last_at=sighting.at,
        last_ok=sighting.ok,
        last_ms=sighting.total_ms,
        recent=recent,
        is_flapping=is_flapping(recent, before=was_flapping),
    )


def change_percent(recent: str) -> float:
    """How much the last results changed, 0 to 100: each change weighs 0.75 (oldest) to 1.25 (newest).

    Nagios Core, base/flapping.c. With fewer than 21 results the missing ones count as no change.
    """
    step = (HEAVIEST - LIGHTEST) / (RECENT - 2)
    pairs = list(itertools.pairwise(recent))
    first = RECENT - 1 - len(pairs)
    weights = (LIGHTEST + step * (first + place) for place, (a, b) in enumerate(pairs) if a != b)
    return 100 * sum(weights) / (RECENT - 1)


def is_flapping(recent: str, *, before: bool) -> bool:
    """Whether results so uneven are flapping: from 30 % on, until 20 %; between the two it stays as it was."""
    percent = change_percent(recent)
    return percent > FLAPPING_UNTIL if before else percent >= FLAPPING_FROM


def fresh_for(interval_seconds: int) -> timedelta:
    """How long a result of a place counts: two intervals, a minute at least."""
    return max(timedelta(seconds=2 * interval_seconds), SHORTEST_FRESH)


def quorum_of(places: int) -> int:
    """How many of so many places must agree: more than half, which is both of two and two of three."""
    return places // 2 + 1


def fresh_places(
    places: Iterable[PlaceView], *, version: int, interval_seconds: int, blind: Collection[str] = ()
) -> list[PlaceView]:
    """The places that count: not blind, with the present settings, and not long behind the newest of them."""
    counting = [place for place in places if place.version == version and place.location not in blind]
    newest = max((place.last_at for place in counting), default=None)
    if newest is None:
        return []
    found = [place for place in counting if newest - place.last_at <= fresh_for(interval_seconds)]
    return sorted(found, key=lambda place: place.location)


def judge_places(
    places: Iterable[PlaceView], *, version: int, interval_seconds: int, blind: Collection[str] = ()
) -> Judgement | None:
    """What the places say together; None while none of them counts, when nothing new is known.

    Down when more than half of the fresh places that can tell see it fail; when some do but not so many it is degraded
    ("partial"), with the places named. One place alone decides as it sees.
    """
    fresh = fresh_places(places, version=version, interval_seconds=interval_seconds, blind=blind)
    if not fresh:
        return None
    telling = [place for place in fresh if place.state != State.UNKNOWN]
    if not telling:
        newest = max(fresh, key=lambda place: (place.last_at, place.location))
        return Judgement(seen=Standing(state=State.UNKNOWN, since=newest.since, reason=newest.reason))
    seen = _together(telling)
    shaky = [place for place in telling if place.is_flapping]
    return _flapping(shaky, seen) if len(shaky) >= quorum_of(len(telling)) else Judgement(seen=seen)


def _together(telling: Sequence[PlaceView]) -> Standing:
    failing = sorted((place for place in telling if place.state == State.DOWN), key=lambda place: place.since)
    slow = sorted((place for place in telling if place.state == State.DEGRADED), key=lambda place: place.since)
    quorum, latest = quorum_of(len(telling)), max(place.since for place in telling)
    if len(failing) >= quorum:
        return Standing(state=State.DOWN, since=failing[quorum - 1].since, reason=_seen_from(failing, len(telling)))
    if failing:
        names = ", ".join(sorted(place.location for place in failing))
        working = ", ".join(place.location for place in telling if place not in failing)
        reason = f"partial: fails from {names}, works from {working}: {failing[0].reason}"
        return Standing(state=State.DEGRADED, since=latest, reason=reason)
    if len(slow) >= quorum:
        return Standing(state=State.DEGRADED, since=slow[quorum - 1].since, reason=_seen_from(slow, len(telling)))
    return Standing(state=State.UP, since=latest)


def _seen_from(agreeing: Sequence[PlaceView], of: int) -> str:
    reason = agreeing[0].reason
    return reason if of == 1 else f"{reason} (seen from {len(agreeing)} of {of} places)"


def _flapping(shaky: Sequence[PlaceView], seen: Standing) -> Judgement:
    worst = max(shaky, key=lambda place: (change_percent(place.recent), place.location))
    text = f"flapping: {change_percent(worst.recent):.0f} % of the last {len(worst.recent)} looks changed"
    mostly = [place for place in shaky if 2 * place.recent.count("0") > RECENT]
    if len(mostly) < quorum_of(len(shaky)):
        return Judgement(seen=seen, flapping=text)
    reason = f"flapping, and {mostly[0].recent.count('0')} of the last {RECENT} looks failed"
    if seen.state == State.DOWN and seen.reason:
        reason = f"{seen.reason}; {reason}"
    down = Standing(state=State.DOWN, since=seen.since, reason=reason)
    return Judgement(seen=down, flapping=text, is_mostly_down=True)
