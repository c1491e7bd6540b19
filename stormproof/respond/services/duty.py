"""Being on call as it happens: history, hand-offs, notes, and holes that are seen 30 days ahead."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.respond.facts import CoverageGapFound, ShiftBegan
from stormproof.respond.models import CoverageGap, Duty, HandOffNote, Schedule
from stormproof.respond.rules import WARN_AHEAD
from stormproof.respond.selectors.oncall import Turn, latest_note, turns_of, zone_of

ASKED_AHEAD = timedelta(hours=1)
WORTH_A_NOTE = timedelta(hours=4)  # nobody is asked for a note after a shorter shift


class CannotLeaveNote(Refused):
    """The note is empty or too long."""


@transaction.atomic
def record_all_duties(*, at: datetime) -> int:
    """Write down who was on call until `at` in every schedule, and ask who leaves soon for a note; how many."""
    due = Schedule.objects.select_for_update(skip_locked=True).filter(retired_at__isnull=True, recorded_until__lt=at)
    schedules = list(due)
    for schedule in schedules:
        record_duty(schedule, at=at)
    _ask_for_notes(schedules, at=at)
    return len(schedules)


@transaction.atomic
def record_duty(schedule: Schedule, *, at: datetime) -> None:
    """Write down who was on call in one schedule from where history ends until `at`; tells each change."""
    since = Schedule.objects.select_for_update().get(pk=schedule.pk).recorded_until
    if since >= at:
        return
    last = Duty.objects.filter(schedule=schedule, ends_at=since).first()
    before = last.person_id if last else None
    for turn in turns_of([schedule], start=since, end=at):
        person = turn.person.pk if turn.person else None
        if person is not None and last is not None and last.person_id == person and last.ends_at == turn.start:
            Duty.objects.filter(pk=last.pk).update(ends_at=turn.end)
            last.ends_at = turn.end
        elif turn.person is not None:
            last = Duty.objects.create(schedule=schedule, person=turn.person, starts_at=turn.start, ends_at=turn.end)
        if person != before:
            fact = ShiftBegan(schedule_id=schedule.pk, user_id=person, before_user_id=before)
            tell(fact, at=turn.start)
        before = person
    Schedule.objects.filter(pk=schedule.pk).update(recorded_until=at)


@transaction.atomic
def warn_of_gaps(*, at: datetime) -> int:
    """Find where nobody will be on call within 30 days; new holes are told and mailed once. How many are new."""
    schedules = list(Schedule.objects.filter(retired_at__isnull=True).select_related("team"))
    holes: dict[int, list[Turn]] = {schedule.pk: [] for schedule in schedules}
    for turn in turns_of(schedules, start=at, end=at + WARN_AHEAD):
        if turn.person is None:
            holes[turn.schedule.pk].append(turn)
    new = 0
    for schedule in schedules:
        known = list(CoverageGap.objects.select_for_update().filter(schedule=schedule))
        kept = []
        for hole in holes[schedule.pk]:
            found = next((gap for gap in known if gap.starts_at < hole.end and gap.ends_at > hole.start), None)
            if found is None:
                new += 1
                found = _tell_gap(hole, at=at)
            CoverageGap.objects.filter(pk=found.pk).update(ends_at=hole.end)
            kept.append(found.pk)
        CoverageGap.objects.filter(schedule=schedule).exclude(pk__in=kept).delete()
    return new


def _tell_gap(hole: Turn, *, at: datetime) -> CoverageGap:
    schedule = hole.schedule
    gap, _ = CoverageGap.objects.get_or_create(
        schedule=schedule, starts_at=hole.start, defaults={"ends_at": hole.end, "found_at": at}
    )
    tell(CoverageGapFound(schedule_id=schedule.pk, gap_id=gap.pk), at=at)
    for user in _keepers_of(schedule):
        zone = zone_of(user)
        begins, ends = hole.start.astimezone(zone), hole.end.astimezone(zone)
        text = (
            f"Nobody is on call in “{schedule.name}” from {begins:%A, %d %B %Y, %H:%M} to {ends:%d %B, %H:%M} "
            f"({zone.key}).\n\nPut somebody in:\n{env.public_url}/on-call/{schedule.slug}/\n"
        )
        _mail(user, subject=f"Nobody on call: {schedule.name}", text=text, key=f"gap:{gap.pk}:{user.pk}", at=at)
    return gap


def _keepers_of(schedule: Schedule) -> list[User]:
    """Who should fill a hole: the team, else the administrators."""
    members = people.team_members(schedule.team) if schedule.team else []
    return members or list(people.admins())


def _ask_for_notes(schedules: list[Schedule], *, at: datetime) -> None:
    """Ask, once per shift, everybody whose shift ends within the hour what the next one should know."""
    if not schedules:
        return
    turns = turns_of(schedules, start=at - WORTH_A_NOTE, end=at + ASKED_AHEAD + timedelta(minutes=1))
    for turn, following in pairwise(turns):
        is_near = turn.schedule == following.schedule and at <= turn.end <= at + ASKED_AHEAD
        was_long = turn.end - turn.start >= WORTH_A_NOTE
        if turn.person and is_near and was_long and following.person not in (turn.person, None):
            text = (
                f"Your shift in “{turn.schedule.name}” ends at {turn.end.astimezone(zone_of(turn.person)):%H:%M}; "
                f"{following.person} comes after you.\nWhat should {following.person} know?\n"
                f"{env.public_url}/on-call/{turn.schedule.slug}/note/\n"
            )
            key = f"note-asked:{turn.schedule.pk}:{turn.person.pk}:{turn.end:%Y%m%d%H%M}"
            _mail(turn.person, subject=f"Your hand-off: {turn.schedule.name}", text=text, key=key, at=at)


@transaction.atomic
def leave_note(schedule: Schedule, *, text: str, actor: Actor, at: datetime) -> HandOffNote:
    """Say what the next on call should know; raises `CannotLeaveNote`."""
    actor.require("respond.act")
    text = text.strip()
    if not text or len(text) > 5000 or actor.user_id is None:
        raise CannotLeaveNote("A note has 1 to 5000 characters, and a person who wrote it", field="text")
    return HandOffNote.objects.create(schedule=schedule, author_id=actor.user_id, text=text, written_at=at)


@transaction.atomic
def tell_who_comes(schedule_id: int, user_id: int, *, at: datetime) -> None:
    """Mail who is on call from now on, with the last note of the one before."""
    schedule = Schedule.objects.get(pk=schedule_id)
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    note = latest_note(schedule)
    fresh = note is not None and at - note.written_at <= timedelta(days=1) and note.author_id != user.pk
    said = f"\n{note.author} says:\n{note.text}\n" if note is not None and fresh else ""
    text = f"You are on call in “{schedule.name}” from now on.\n{said}\n{env.public_url}/on-call/{schedule.slug}/\n"
    key = f"shift:{schedule.pk}:{user.pk}:{at:%Y%m%d%H%M}"
    _mail(user, subject=f"You are on call: {schedule.name}", text=text, key=key, at=at)


def _mail(user: User, *, subject: str, text: str, key: str, at: datetime) -> None:
    payload = {"subject": subject, "text": text}
    post_message(channel="email", address=user.email, payload=payload, key=key, at=at, is_reported=False)
