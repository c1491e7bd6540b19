"""What changes a schedule for a while: overrides, temporary schedules, absences and swaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.people.rules import permissions_of
from stormproof.respond.choices import SwapState
from stormproof.respond.facts import ScheduleChanged, SwapAnswered, SwapAsked
from stormproof.respond.models import (
    Absence,
    Schedule,
    ScheduleOverride,
    Swap,
    TemporarySchedule,
    TemporaryShift,
)
from stormproof.respond.selectors.oncall import turns_of, zone_of
from stormproof.respond.services.duty import record_duty

LONGEST = timedelta(days=366)


class CannotOverride(Refused):
    """The time is empty, over or too long, or the person cannot be on call."""


class CannotSwap(Refused):
    """The shift is not the asker's, the swap was answered already, or it is over."""


class CannotBeAway(Refused):
    """The time is empty, over or too long."""


@transaction.atomic
def add_override(
    schedule: Schedule,
    *,
    person: User,
    starts_at: datetime,
    ends_at: datetime,
    replaces: User | None = None,
    actor: Actor,
    at: datetime,
) -> ScheduleOverride:
    """Put `person` on call for a while, from now at the earliest: the past stays as it was.

    Whoever may act in incidents may take a shift; to put somebody else in needs `respond.write`.
    Raises `CannotOverride`.
    """
    actor.require("respond.act" if actor.user_id == person.pk else "respond.write")
    starts_at = _checked(CannotOverride, starts_at, ends_at, at=at)
    _require_able(person)
    record_duty(schedule, at=at)
    override = ScheduleOverride.objects.create(
        schedule=schedule,
        person=person,
        replaces=replaces,
        starts_at=starts_at,
        ends_at=ends_at,
        made_by=actor.name[:120],
        made_at=at,
    )
    tell(ScheduleChanged(schedule_id=schedule.pk, what="override"), at=at, actor=actor)
    return override


@transaction.atomic
def end_override(override: ScheduleOverride, *, actor: Actor, at: datetime) -> None:
    """Take an override away, or end it now when it has begun."""
    actor.require("respond.act" if actor.user_id == override.person_id else "respond.write")
    record_duty(override.schedule, at=at)
    mine = ScheduleOverride.objects.filter(pk=override.pk)
    changed = mine.filter(starts_at__gte=at).delete()[0] or mine.filter(ends_at__gt=at).update(ends_at=at)
    if changed:
        tell(ScheduleChanged(schedule_id=override.schedule_id, what="override"), at=at, actor=actor)


@transaction.atomic
def add_temporary_schedule(
    schedule: Schedule,
    *,
    name: str,
    starts_at: datetime,
    ends_at: datetime,
    shifts: Sequence[tuple[datetime, datetime, User]],
    actor: Actor,
    at: datetime,
) -> TemporarySchedule:
    """For a while only these shifts count, not the layers (a sale, a move). Raises `CannotOverride`."""
    actor.require("respond.write")
    starts_at = _checked(CannotOverride, starts_at, ends_at, at=at)
    if not name.strip() or len(name) > 120:
        raise CannotOverride("A temporary schedule needs a name of at most 120 characters", field="name")
    ordered = sorted(shifts, key=lambda one: one[0])
    for begins, ends, person in ordered:
        _require_able(person)
        if not starts_at <= begins < ends <= ends_at:
            raise CannotOverride(f"The shift of {person} lies outside of the temporary schedule", field="shifts")
    if any(one[1] > other[0] for one, other in pairwise(ordered)):
        raise CannotOverride("Two shifts overlap", field="shifts", hint="One person at a time.")
    record_duty(schedule, at=at)
    row = TemporarySchedule.objects.create(
        schedule=schedule,
        name=name.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        made_by=actor.name[:120],
        made_at=at,
    )
    TemporaryShift.objects.bulk_create(
        TemporaryShift(temporary=row, person=person, starts_at=begins, ends_at=ends) for begins, ends, person in ordered
    )
    tell(ScheduleChanged(schedule_id=schedule.pk, what="temporary"), at=at, actor=actor)
    return row


@transaction.atomic
def end_temporary_schedule(temporary: TemporarySchedule, *, actor: Actor, at: datetime) -> None:
    """Take a temporary schedule away, or end it now when it has begun."""
    actor.require("respond.write")
    record_duty(temporary.schedule, at=at)
    mine = TemporarySchedule.objects.filter(pk=temporary.pk)
    if mine.filter(starts_at__gte=at).delete()[0] or mine.filter(ends_at__gt=at).update(ends_at=at):
        tell(ScheduleChanged(schedule_id=temporary.schedule_id, what="temporary"), at=at, actor=actor)


@transaction.atomic
def add_absence(
    person: User, *, starts_at: datetime, ends_at: datetime, note: str = "", actor: Actor, at: datetime
) -> Absence:
    """Say that a person is away: the next of the rotation stands in. Raises `CannotBeAway`."""
    if actor.user_id != person.pk:
        actor.require("respond.write")
    starts_at = _checked(CannotBeAway, starts_at, ends_at, at=at)
    record_where_planned(at=at)
    absence = Absence.objects.create(person=person, starts_at=starts_at, ends_at=ends_at, note=note.strip()[:200])
    _tell_schedules_of(person, what="absence", actor=actor, at=at)
    return absence


@transaction.atomic
def end_absence(absence: Absence, *, actor: Actor, at: datetime) -> None:
    """The person is back: take the absence away, or end it now when it has begun."""
    if actor.user_id != absence.person_id:
        actor.require("respond.write")
    record_where_planned(at=at)
    mine = Absence.objects.filter(pk=absence.pk)
    if mine.filter(starts_at__gte=at).delete()[0] or mine.filter(ends_at__gt=at).update(ends_at=at):
        _tell_schedules_of(absence.person, what="absence", actor=actor, at=at)


@transaction.atomic
def ask_swap(
    schedule: Schedule,
    *,
    asked: User,
    starts_at: datetime,
    ends_at: datetime,
    back: tuple[datetime, datetime] | None = None,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> Swap:
    """Ask somebody to take one's shift, perhaps for one of theirs; nothing changes before they accept.

    Raises `CannotSwap`.
    """
    actor.require("respond.act")
    starts_at = _checked(CannotSwap, starts_at, ends_at, at=at)
    if back is not None:
        back = (_checked(CannotSwap, *back, at=at), back[1])
    if actor.user_id is None or actor.user_id == asked.pk:
        raise CannotSwap("A swap is between two people", field="asked")
    _require_able(asked)
    _require_on_call(schedule, actor.user_id, starts_at, ends_at, field="starts_at")
    if back is not None:
        _require_on_call(schedule, asked.pk, *back, field="back_starts_at")
    swap = Swap.objects.create(
        schedule=schedule,
        asker_id=actor.user_id,
        asked=asked,
        starts_at=starts_at,
        ends_at=ends_at,
        back_starts_at=back[0] if back else None,
        back_ends_at=back[1] if back else None,
        note=note.strip()[:300],
        asked_at=at,
    )
    tell(SwapAsked(swap_id=swap.pk, schedule_id=schedule.pk, user_id=asked.pk), at=at, actor=actor)
    zone = zone_of(asked)
    text = (
        f"{actor.name} asks you to take the shift in “{schedule.name}” "
        f"from {starts_at.astimezone(zone):%A, %d %B, %H:%M} to {ends_at.astimezone(zone):%d %B, %H:%M} ({zone.key}).\n"
        f"{swap.note}\n\nAccept or decline:\n{env.public_url}/on-call/\n"
    )
    payload = {"subject": f"{actor.name} asks you to swap a shift", "text": text}
    key = f"swap:{swap.pk}"
    post_message(channel="email", address=asked.email, payload=payload, key=key, at=at, is_reported=False)
    return swap


@transaction.atomic
def answer_swap(swap: Swap, *, state: str, actor: Actor, at: datetime) -> None:
    """Accept or decline a swap one was asked for, or withdraw one's own; accepted, both shifts change hands.

    Raises `CannotSwap`.
    """
    asker_does = state == SwapState.WITHDRAWN
    if state not in (SwapState.ACCEPTED, SwapState.DECLINED, SwapState.WITHDRAWN):
        raise CannotSwap(f"{state!r} is no answer", field="state", hint="accepted, declined or withdrawn.")
    if actor.user_id != (swap.asker_id if asker_does else swap.asked_id):
        raise CannotSwap("This swap is not yours to answer")
    if not Swap.objects.filter(pk=swap.pk, state=SwapState.ASKED).update(state=state, answered_at=at):
        raise CannotSwap("This swap was answered already", hint="Reload the page.")
    if state == SwapState.ACCEPTED:
        _hand_shifts_over(swap, actor=actor, at=at)
    fact = SwapAnswered(swap_id=swap.pk, schedule_id=swap.schedule_id, state=state)
    tell(fact, at=at, actor=actor)


def _hand_shifts_over(swap: Swap, *, actor: Actor, at: datetime) -> None:
    if swap.ends_at <= at:
        raise CannotSwap("The shift is over", hint="Decline it instead.")
    record_duty(swap.schedule, at=at)
    handed = [(swap.asked_id, swap.asker_id, swap.starts_at, swap.ends_at)]
    if swap.back_starts_at is not None and swap.back_ends_at is not None:
        handed.append((swap.asker_id, swap.asked_id, swap.back_starts_at, swap.back_ends_at))
    ScheduleOverride.objects.bulk_create(
        ScheduleOverride(
            schedule=swap.schedule,
            person_id=takes,
            replaces_id=gives,
            starts_at=max(begins, at),
            ends_at=ends,
            swap=swap,
            made_by=actor.name[:120],
            made_at=at,
        )
        for takes, gives, begins, ends in handed
        if ends > at
    )
    tell(ScheduleChanged(schedule_id=swap.schedule_id, what="swap"), at=at, actor=actor)


def record_where_planned(*, at: datetime) -> None:
    """Write down who was on call in every schedule before something changes for all of them."""
    for schedule in Schedule.objects.filter(retired_at__isnull=True).order_by("pk"):
        record_duty(schedule, at=at)


def _tell_schedules_of(person: User, *, what: str, actor: Actor, at: datetime) -> None:
    rows = Schedule.objects.filter(layers__members__person=person, retired_at__isnull=True).distinct()
    for schedule in rows.order_by("pk"):
        tell(ScheduleChanged(schedule_id=schedule.pk, what=what), at=at, actor=actor)


def _checked(refusal: type[Refused], starts_at: datetime, ends_at: datetime, *, at: datetime) -> datetime:
    """The start, now at the earliest; raises `refusal` for a time that makes no sense."""
    if ends_at <= starts_at:
        raise refusal("It ends before it begins", field="ends_at", hint="Choose a later end.")
    if ends_at <= at:
        raise refusal("It is over already", field="ends_at", hint="The past stays as it was.")
    if ends_at - starts_at > LONGEST:
        raise refusal("It is longer than a year", field="ends_at", hint="Change the layers instead.")
    return max(starts_at, at)


def _require_able(person: User) -> None:
    if not person.is_active or "respond.act" not in permissions_of(person.roles):
        hint = "Somebody with the role responder can."
        raise CannotOverride(f"{person} cannot answer pages", field="person", hint=hint)


def _require_on_call(schedule: Schedule, user_id: int, start: datetime, end: datetime, *, field: str) -> None:
    if not any(turn.person and turn.person.pk == user_id for turn in turns_of([schedule], start=start, end=end)):
        raise CannotSwap("Nobody of the two is on call then", field=field, hint="Choose the time of a shift.")
