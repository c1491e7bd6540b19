"""Legal clocks: started by a person or a rule, reported, or set aside with a reason; reminders on the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind, LegalState
from stormproof.respond.facts import (
    LegalClockReminded,
    LegalClockSetAside,
    LegalClocksStarted,
    LegalDutyReported,
)
from stormproof.respond.models import Incident, LegalClock, LegalDuty
from stormproof.respond.rules import Duty, deadline_of_duty, next_reminder
from stormproof.respond.selectors.legal import legal_duties
from stormproof.respond.services.locking import locked
from stormproof.respond.services.timeline import write_timeline


class CannotStartLegalClocks(Refused):
    """The moment is in the future, or there is no such law."""


class CannotReportDuty(Refused):
    """The clock does not run any more, or the moment makes no sense."""


class CannotSetAsideDuty(Refused):
    """There is no reason, or the clock does not run any more."""


class CannotSetLegalDuties(Refused):
    """A duty has no length or two, or follows one that does not exist."""


@transaction.atomic
def start_legal_clocks(
    incident: Incident,
    *,
    laws: Collection[str],
    aware_at: datetime,
    owner: User | None = None,
    actor: Actor,
    at: datetime,
) -> list[LegalClock]:
    """Start the clocks of these laws from one moment of awareness; those that run already stay as they are.

    Raises `CannotStartLegalClocks`.
    """
    actor.require("respond.act")
    incident = locked(incident)
    duties = [duty for duty in legal_duties() if duty.law in laws]
    if not duties:
        known = ", ".join(sorted({duty.law for duty in legal_duties()}))
        raise CannotStartLegalClocks(
            f"No duty belongs to {', '.join(laws) or 'no law'}", field="laws", hint=f"Choose of {known}."
        )
    if aware_at > at:
        raise CannotStartLegalClocks("Nobody can be aware of it in the future", field="aware_at")
    if owner is not None and not owner.is_active:
        raise CannotStartLegalClocks(f"{owner} no longer works here", field="owner")
    running = set(incident.legal_clocks.values_list("duty", flat=True))
    new = [_clock(incident, duty, aware_at=aware_at, owner=owner, at=at) for duty in duties if duty.key not in running]
    LegalClock.objects.bulk_create(new)
    if new:
        names = "; ".join(f"{one.name} by {one.deadline:%Y-%m-%d %H:%M} UTC" for one in new)
        text = f"Legal clocks run from {aware_at:%Y-%m-%d %H:%M} UTC: {names}"
        write_timeline(incident, kind=EntryKind.LEGAL, text=text, actor=actor, at=at)
        fact = LegalClocksStarted(incident_id=incident.pk, duties=[one.duty for one in new])
        tell(fact, at=at, actor=actor)
    return new


def _clock(incident: Incident, duty: Duty, *, aware_at: datetime, owner: User | None, at: datetime) -> LegalClock:
    deadline = deadline_of_duty(seconds=duty.seconds, months=duty.months, counts_from=aware_at, zone=shop_zone())
    return LegalClock(
        incident=incident,
        duty=duty.key,
        law=duty.law,
        name=duty.name,
        basis=duty.basis,
        seconds=duty.seconds,
        months=duty.months,
        after=duty.after,
        aware_at=aware_at,
        counts_from=aware_at,
        deadline=deadline,
        owner=owner,
        next_reminder_at=next_reminder(counts_from=aware_at, deadline=deadline, after=None),
    )


@transaction.atomic
def report_duty(clock: LegalClock, *, reported_at: datetime, reference: str = "", actor: Actor, at: datetime) -> None:
    """Say that it was told, when and under which receipt; raises `CannotReportDuty`.

    Duties that follow this one count anew from then.
    """
    actor.require("respond.act")
    clock = _running(clock, CannotReportDuty)
    if reported_at > at:
        raise CannotReportDuty("It cannot have been reported in the future", field="reported_at")
    if reported_at < clock.aware_at:
        raise CannotReportDuty("It cannot have been reported before anybody was aware", field="reported_at")
    clock.state, clock.reported_at, clock.reference = LegalState.REPORTED, reported_at, reference.strip()[:200]
    clock.next_reminder_at = None
    clock.save(update_fields=["state", "reported_at", "reference", "next_reminder_at"])
    for following in clock.incident.legal_clocks.filter(after=clock.duty, state=LegalState.RUNNING):
        _count_from(following, reported_at, at=at)
    late = "" if reported_at <= clock.deadline else ", after the deadline"
    text = f"{clock.name}: reported {reported_at:%Y-%m-%d %H:%M} UTC{late}"
    write_timeline(clock.incident, kind=EntryKind.LEGAL, text=text, actor=actor, at=at)
    fact = LegalDutyReported(incident_id=clock.incident_id, duty=clock.duty, is_late=bool(late))
    tell(fact, at=at, actor=actor)


def _count_from(clock: LegalClock, moment: datetime, *, at: datetime) -> None:
    clock.counts_from = moment
    clock.deadline = deadline_of_duty(seconds=clock.seconds, months=clock.months, counts_from=moment, zone=shop_zone())
    clock.next_reminder_at = next_reminder(counts_from=moment, deadline=clock.deadline, after=at)
    clock.save(update_fields=["counts_from", "deadline", "next_reminder_at"])


@transaction.atomic
def set_duty_aside(clock: LegalClock, *, reason: str, actor: Actor, at: datetime) -> None:
    """Say why a duty does not apply. Raises `CannotSetAsideDuty`."""
    actor.require("respond.act")
    clock = _running(clock, CannotSetAsideDuty)
    if not reason.strip() or len(reason) > 500:
        raise CannotSetAsideDuty("A reason of at most 500 characters is needed", field="reason")
    clock.state, clock.reason, clock.next_reminder_at = LegalState.NOT_APPLICABLE, reason.strip(), None
    clock.save(update_fields=["state", "reason", "next_reminder_at"])
    text = f"{clock.name}: does not apply, because {clock.reason}"
    write_timeline(clock.incident, kind=EntryKind.LEGAL, text=text, actor=actor, at=at)
    tell(LegalClockSetAside(incident_id=clock.incident_id, duty=clock.duty), at=at, actor=actor)


@transaction.atomic
def give_duty(clock: LegalClock, *, owner: User, actor: Actor, at: datetime) -> None:
    """Make somebody the owner of a duty. Raises `CannotReportDuty`."""
    actor.require("respond.act")
    clock = _running(clock, CannotReportDuty)
    if not owner.is_active:
        raise CannotReportDuty(f"{owner} no longer works here", field="owner")
    clock.owner = owner
    clock.save(update_fields=["owner"])
    text = f"{clock.name}: {owner} sees to it"
    write_timeline(clock.incident, kind=EntryKind.LEGAL, text=text, actor=actor, at=at)


def _running(clock: LegalClock, refusal: type[Refused]) -> LegalClock:
    found = LegalClock.objects.select_for_update(of=("self",)).select_related("incident").get(pk=clock.pk)
    if not found.is_running:
        raise refusal(f"“{found.name}” does not run any more: {found.get_state_display().lower()}")
    return found


@transaction.atomic
def remind_of_legal_duties(*, at: datetime) -> int:
    """Mail the owners of duties at half and at nine tenths of the time, and at the deadline; returns how many."""
    due = (
        LegalClock.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("incident__commander", "owner")
        .filter(next_reminder_at__lte=at, state=LegalState.RUNNING)
        .order_by("next_reminder_at", "pk")[:100]
    )
    count = 0
    for clock in due:
        moment = clock.next_reminder_at
        following = next_reminder(counts_from=clock.counts_from, deadline=clock.deadline, after=at)
        LegalClock.objects.filter(pk=clock.pk).update(next_reminder_at=following)
        for person in _owners(clock):
            _remind(clock, person, key=f"legal:{clock.pk}:{moment:%Y%m%dT%H%M%S}:{person.pk}", at=at)
        tell(LegalClockReminded(incident_id=clock.incident_id, duty=clock.duty), at=at)
        count += 1
    return count


def _owners(clock: LegalClock) -> Sequence[User]:
    """Its owner, else the commander, else the administrators: somebody is always reminded."""
    for person in (clock.owner, clock.incident.commander):
        if person is not None and person.is_active:
            return [person]
    return list(people.admins())


def _remind(clock: LegalClock, person: User, *, key: str, at: datetime) -> None:
    left = clock.deadline - at
    hours = max(int(left.total_seconds() // 3600), 0)
    standing = f"is due in {hours} h" if left.total_seconds() > 0 else "is overdue"
    text = f"""{clock.name}

{standing}: {clock.deadline:%d %B %Y %H:%M} UTC.
{clock.basis}
It belongs to {clock.incident.label}.

Report it, or say why it does not apply:
{env.public_url}/incidents/{clock.incident.number}/
"""
    payload = {"subject": f"{clock.incident.label}: {clock.name} {standing}", "text": text}
    post_message(
        channel="email", address=person.email, payload=payload, key=key, at=at, about=f"incident:{clock.incident_id}"
    )


@transaction.atomic
def set_legal_duties(duties: Sequence[Duty], *, actor: Actor) -> None:
    """Make these the duties of the installation; none brings the built-in ones back. Raises `CannotSetLegalDuties`."""
    actor.require("respond.write")
    keys = {duty.key for duty in duties}
    for duty in duties:
        if (duty.seconds is None) == (duty.months is None):
            raise CannotSetLegalDuties(f"{duty.key} needs either a time or months", field="legal")
        if duty.after and duty.after not in keys:
            raise CannotSetLegalDuties(f"{duty.key} follows {duty.after}, which does not exist", field="legal")
    LegalDuty.objects.all().delete()
    LegalDuty.objects.bulk_create(
        LegalDuty(
            key=duty.key,
            law=duty.law,
            name=duty.name,
            basis=duty.basis,
            seconds=duty.seconds,
            months=duty.months,
            after=duty.after,
        )
        for duty in duties
    )
