"""What people do with external alerts: acknowledge, end, and keep quiet for a time, one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.respond.facts import AlertsHandled, SilenceCreated, SilenceEnded
from stormproof.respond.models import ExternalAlert, Silence
from stormproof.respond.rules.routing import (
    OPERATORS,
    SILENCE_WARNING,
    Matcher,
    all_hold,
    matchers_of,
    next_window,
    written,
)
from stormproof.respond.services.locking import lock_alerts
from stormproof.respond.services.settling import close_alerts, make_due

MOST_AT_ONCE = 100_000
LONGEST_SILENCE = timedelta(days=90)
MOST_MATCHERS = 20
CHUNK = 5000


class CannotSilence(Refused):
    """There is no matcher, a matcher makes no sense, or the time is empty, past or too long."""


@transaction.atomic
def acknowledge_alerts(ids: Sequence[int], *, actor: Actor, at: datetime) -> int:
    """Say "I have seen these": they are not told again. How many were open until now. One statement for all."""
    actor.require("respond.act")
    found = ExternalAlert.objects.filter(pk__in=list(ids)[:MOST_AT_ONCE], state="open")
    count = found.update(state="acknowledged", acknowledged_at=at, acknowledged_by=actor.name[:120])
    _tell_of("acknowledged", count, ids, actor=actor, at=at)
    return count


@transaction.atomic
def end_alerts(ids: Sequence[int], *, actor: Actor, at: datetime) -> int:
    """End alerts by hand, for senders that never do; how many were open until now."""
    actor.require("respond.act")
    lock_alerts()
    wanted = list(ids)[:MOST_AT_ONCE]
    count = close_alerts("id = ANY(%s)", wanted, because=f"Ended by {actor.name}"[:200], at=at)
    _tell_of("ended", count, ids, actor=actor, at=at)
    return count


@transaction.atomic
def create_silence(
    *,
    matchers: Sequence[Matcher],
    reason: str,
    starts_at: datetime,
    ends_at: datetime,
    repeats: str = "",
    actor: Actor,
    at: datetime,
) -> Silence:
    """Keep alerts that match quiet for a time, those too that are open now. Raises `CannotSilence`."""
    actor.require("respond.act")
    check_matchers(matchers, field="matchers")
    if not matchers:
        raise CannotSilence("A silence needs a matcher", field="matchers", hint="Write one, as service = checkout.")
    if not reason.strip():
        raise CannotSilence("Say why", field="reason", hint="Whoever misses the alert will read it.")
    if ends_at <= at or ends_at <= starts_at:
        raise CannotSilence("A silence must end after it starts, and after now", field="ends_at")
    if ends_at - starts_at > LONGEST_SILENCE:
        raise CannotSilence(
            "A silence lasts 90 days at most", field="ends_at", hint="Let it repeat, or switch the source off."
        )
    if repeats not in ("", "daily", "weekly"):
        raise CannotSilence(f"{repeats!r} is no repetition", field="repeats", hint="Choose daily or weekly.")
    if repeats and ends_at - starts_at >= timedelta(days=1 if repeats == "daily" else 7):
        raise CannotSilence("It would never be over: it is as long as its repetition", field="repeats")
    silence = Silence.objects.create(
        matchers=[one.__dict__ for one in matchers],
        reason=reason.strip()[:300],
        author_id=actor.user_id,
        author_name=actor.name[:120],
        starts_at=starts_at,
        ends_at=ends_at,
        repeats=repeats,
        created_at=at,
    )
    tell(SilenceCreated(silence_id=silence.pk, ends_at=ends_at.isoformat()), at=at, actor=actor)
    if starts_at <= at:
        lock_alerts()
        _quieten(silence, at=at)
    announce("alerts")
    return silence


@transaction.atomic
def end_silence(silence: Silence, *, actor: Actor, at: datetime) -> None:
    """End a silence early; doing it twice changes nothing."""
    actor.require("respond.act")
    lock_alerts()
    if Silence.objects.filter(pk=silence.pk, ended_at__isnull=True).update(ended_at=at):
        _let_speak(silence, actor=actor, at=at)


@transaction.atomic
def end_silences(*, at: datetime) -> int:
    """Begin and end silences whose time has come, and warn their authors a quarter of an hour before; how many."""
    open_ones = Silence.objects.filter(ended_at__isnull=True)
    due = open_ones.filter(
        Q(ends_at__lte=at) | Q(starts_at__lte=at, warned_at__isnull=True, ends_at__lte=at + SILENCE_WARNING)
    )
    beginning = open_ones.filter(starts_at__lte=at, ends_at__gt=at, begun_at__isnull=True)
    if not due.exists() and not beginning.exists():
        return 0
    lock_alerts()
    for silence in beginning:
        _quieten(silence, at=at)
    count = 0
    for silence in due.order_by("ends_at"):
        count += 1
        if silence.ends_at > at:
            _warn(silence, at=at)
        elif silence.repeats:
            starts, ends = next_window(
                starts_at=silence.starts_at, ends_at=silence.ends_at, repeats=silence.repeats, at=at
            )
            Silence.objects.filter(pk=silence.pk).update(starts_at=starts, ends_at=ends, begun_at=None, warned_at=None)
            _let_speak(silence, actor=SYSTEM, at=at)
        else:
            Silence.objects.filter(pk=silence.pk).update(ended_at=at)
            _let_speak(silence, actor=SYSTEM, at=at)
    return count


def check_matchers(matchers: Sequence[Matcher], *, field: str) -> None:
    """Raises `CannotSilence` naming the matcher that makes no sense."""
    if len(matchers) > MOST_MATCHERS:
        raise CannotSilence(f"{MOST_MATCHERS} matchers are the most", field=field)
    for one in matchers:
        if one.op not in OPERATORS:
            hint = f"Use one of {' '.join(OPERATORS)}."
            raise CannotSilence(f"{one.op!r} compares nothing", field=field, hint=hint)
        if not one.label or len(one.label) > 100 or len(one.value) > 300 or one.value.count("*") > 5:
            hint = "Write label = value; at most five * in a value."
            raise CannotSilence(f"“{written([one])}” is no matcher", field=field, hint=hint)


def _quieten(silence: Silence, *, at: datetime) -> None:
    """Mark the open alerts that match; a few thousand at a time."""
    Silence.objects.filter(pk=silence.pk).update(begun_at=at)
    matchers = matchers_of(silence.matchers)
    rows = ExternalAlert.objects.filter(closed_at__isnull=True, silence__isnull=True).order_by("pk")
    exact = {one.label: one.value for one in matchers if one.op == "=" and one.value and one.label != "severity"}
    if exact:
        rows = rows.filter(labels__contains=exact)
    last = 0
    while True:
        part = list(rows.filter(pk__gt=last).values_list("pk", "labels", "severity")[:CHUNK])
        if not part:
            return
        last = part[-1][0]
        found = [id for id, labels, severity in part if all_hold(matchers, _seen(labels, severity))]
        ExternalAlert.objects.filter(pk__in=found).update(silence=silence)


def _seen(labels: dict[str, str], severity: int) -> dict[str, str]:
    return {**labels, "severity": {1: "critical", 2: "error", 3: "warning", 4: "info"}[severity]}


def _let_speak(silence: Silence, *, actor: Actor, at: datetime) -> None:
    """What it kept quiet and still is open is told now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE respond_externalalert SET silence_id = NULL WHERE silence_id = %s AND closed_at IS NULL "
            "RETURNING group_id",
            [silence.pk],
        )
        groups = {group for (group,) in cursor.fetchall()}
    make_due(dict.fromkeys(groups, (at, True)), at=at)
    tell(SilenceEnded(silence_id=silence.pk), at=at, actor=actor)
    announce("alerts")


def _warn(silence: Silence, *, at: datetime) -> None:
    Silence.objects.filter(pk=silence.pk).update(warned_at=at)
    author = User.objects.filter(pk=silence.author_id, is_active=True).first() if silence.author_id else None
    if author is None:
        return
    text = (
        f"Your silence “{silence.reason}” ends at {silence.ends_at:%H:%M} UTC. What it keeps quiet and is open then is "
        f"told to whoever is on call.\n\n{written(matchers_of(silence.matchers))}\n\n"
        f"{env.public_url}/alerts/silences/\n"
    )
    post_message(
        channel="email",
        address=author.email,
        payload={"subject": f"A silence ends soon: {silence.reason[:80]}", "text": text},
        key=f"silence:{silence.pk}:{silence.ends_at.timestamp():.0f}",
        at=at,
        is_reported=False,
    )


def _tell_of(act: str, count: int, ids: Sequence[Any], *, actor: Actor, at: datetime) -> None:
    if count:
        tell(AlertsHandled(act=act, alerts=count, alert_ids=list(ids)[:100]), at=at, actor=actor)
        announce("alerts")
