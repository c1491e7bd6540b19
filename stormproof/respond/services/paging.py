"""Paging: one step after the other until somebody answers, through each person's channels in turn."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from stormproof.core.actor import SYSTEM
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.outbox import post_message
from stormproof.people import selectors as people
from stormproof.people.models import ContactPoint, User
from stormproof.respond.choices import EntryKind, IncidentState, PageState
from stormproof.respond.facts import NobodyAnswered, PersonPaged
from stormproof.respond.models import Acknowledgement, Escalation, Incident, Page
from stormproof.respond.rules import LAST_RESORT_AGAIN, is_meant, turn_of
from stormproof.respond.selectors.paging import people_of_step
from stormproof.respond.services.links import make_ack_link
from stormproof.respond.services.policies import snapshot_for
from stormproof.respond.services.timeline import write_timeline
from stormproof.respond.services.words import mail_of, news_of

LAST_RESORT = 10_000  # the rounds in which the last resort is paged are counted from here
ROUNDS = 20  # the most times that a policy goes round; a resumed escalation counts on from a multiple of it


def start_paging(incident: Incident, *, at: datetime) -> None:
    """Page the first step of the team of the root cause; does nothing for a team that is being paged already."""
    snapshot = snapshot_for(incident.root_node)
    escalation, is_new = Escalation.objects.get_or_create(
        incident=incident,
        cycle=incident.cycle,
        team=snapshot.team,
        defaults={
            "steps": list(snapshot.steps),
            "repeat": snapshot.repeat,
            "last_resort": list(snapshot.last_resort),
            "ack_seconds": snapshot.ack_seconds,
            "acks_needed": snapshot.acks_needed,
        },
    )
    if not is_new:
        return
    advance(escalation, incident, at=at)
    if incident.state == IncidentState.ACKNOWLEDGED:  # somebody is on it; the new team is told once
        Escalation.objects.filter(pk=escalation.pk).update(next_at=None)
    else:
        live = Acknowledgement.objects.filter(incident=incident, ended_at__isnull=True)
        live.update(ended_at=at)  # it opened again: what was said the time before counts no more


def page_again(incident: Incident, *, at: datetime) -> None:
    """It got graver: page the first of the team again, and the commander."""
    start_paging(incident, at=at)
    if incident.commander is not None and incident.commander.is_active:
        page_person(incident, incident.commander, step=0, attempt=1, at=at)


@transaction.atomic
def page_the_next(*, at: datetime) -> int:
    """Go on wherever nobody answered in time, the latest first; returns how many were due."""
    due = (
        Escalation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("incident", "incident__root_node")
        .filter(next_at__lte=at)
        .order_by("next_at", "pk")[:200]
    )
    count = 0
    for escalation in due:
        count += 1
        if escalation.incident.state != IncidentState.RESOLVED and not is_answered(escalation):
            advance(escalation, escalation.incident, at=at)
        else:
            Escalation.objects.filter(pk=escalation.pk).update(next_at=None)
    return count


def is_answered(escalation: Escalation) -> bool:
    """Whether as many people as the policy wants are on the incident; the installation's operator counts for all."""
    live = Acknowledgement.objects.filter(incident=escalation.incident_id, ended_at__isnull=True)
    people_on_it = list(live.values_list("person_id", flat=True))
    return None in people_on_it or len(people_on_it) >= escalation.acks_needed


def advance(escalation: Escalation, incident: Incident, *, at: datetime) -> None:
    """Page whose turn it is and set when the next is due; a step without anybody is followed by the next at once."""
    wait = _page_turn(escalation, incident, at=at)
    if wait is None:
        _page_last_resort(escalation, incident, at=at)
        escalation.step += 1
        escalation.next_at = at + LAST_RESORT_AGAIN
    else:
        escalation.next_at = at + timedelta(seconds=wait)
    escalation.save(update_fields=["step", "next_at"])


def _page_turn(escalation: Escalation, incident: Incident, *, at: datetime) -> int | None:
    """Page everybody of the step whose turn it is; the seconds they may take, None when the steps are used up."""
    while (turn := turn_of(escalation.step, people=len(escalation.steps), repeat=escalation.repeat)) is not None:
        entry, number = escalation.steps[turn.place], escalation.step
        escalation.step += 1
        attempt = turn.attempt + ROUNDS * escalation.resumed
        if not is_meant(entry, severity=incident.severity, at=at):
            text = f"Step {turn.place + 1} is left out: it is not meant for severity {incident.severity} at this hour"
            _log_skip(incident, text, key=f"unmeant:{turn.place}", at=at)
            continue
        _log_who_left(incident, entry, at=at)
        users = people_of_step(entry, at=at)
        for user in users:
            page_person(incident, user, step=number, attempt=attempt, at=at)
        if users:
            return int(entry["wait"])
        text = f"Nobody is on call for step {turn.place + 1}; the next step follows at once"
        _log_skip(incident, text, key=f"empty:{turn.place}", at=at)
    return None


def _log_skip(incident: Incident, text: str, *, key: str, at: datetime) -> None:
    """Once a round of the incident, so that a policy without anybody fills no page."""
    key = f"skipped:{incident.cycle}:{key}"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=key)


def _log_who_left(incident: Incident, entry: dict[str, Any], *, at: datetime) -> None:
    if named := entry.get("people"):
        for user in User.objects.filter(pk__in=named, is_active=False):
            _log_skip(incident, f"Not paged: {user} no longer works here", key=str(user.pk), at=at)


def _page_last_resort(escalation: Escalation, incident: Incident, *, at: datetime) -> None:
    """Nobody answered: page the last resort, else the administrators; again each half hour until somebody does."""
    round_number = escalation.step - len(escalation.steps) * escalation.repeat + ROUNDS * escalation.resumed
    attempt = LAST_RESORT + max(round_number, 0)
    named = User.objects.filter(pk__in=escalation.last_resort, is_active=True).order_by("pk")
    users = list(named) or list(people.admins().order_by("pk"))
    whom = "the last resort is paged" if named else "the administrators are paged"
    text = f"Nobody answered; {whom}" if users else "Nobody answered, and nobody is left to page"
    key = f"nobody:{incident.cycle}"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=key, is_pinned=True)
    if round_number <= 0:
        tell(NobodyAnswered(incident_id=incident.pk), at=at)
    for user in users:
        page_person(incident, user, step=escalation.step, attempt=attempt, at=at)


def resume(incident: Incident, *, at: datetime) -> None:
    """Page the step again at which an acknowledgement stopped the paging, and go on from there."""
    for escalation in Escalation.objects.select_for_update().filter(incident=incident, cycle=incident.cycle):
        if escalation.next_at is None:
            escalation.step = max(escalation.step - 1, 0)
            escalation.resumed += 1
            escalation.next_at = at
            escalation.save(update_fields=["step", "resumed", "next_at"])


def page_person(incident: Incident, user: User, *, step: int, attempt: int, at: datetime) -> Page | None:
    """Put a page to the person's first channel into the outbox; None when this round has paged them already."""
    if incident.pages.filter(person=user, cycle=incident.cycle, attempt=attempt).exists():
        return None
    point = next(iter(people.contact_points_of(user)), None)
    page = _post_page(incident, user, point=point, cycle=incident.cycle, step=step, attempt=attempt, at=at)
    again = "" if attempt == 1 else " again"
    text = f"Paged {user}{again} by {page.channel}"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=f"paged:{page.key}")
    tell(PersonPaged(incident_id=incident.pk, user_id=user.pk, page_id=page.pk), at=at)
    return page


def _post_page(
    incident: Incident, user: User, *, point: ContactPoint | None, cycle: int, step: int, attempt: int, at: datetime
) -> Page:
    """One row and one message; the key is the same however often this runs."""
    channel, address = (point.channel, point.address) if point else ("email", user.email)
    key = f"page:{incident.pk}:{cycle}:{attempt}:{user.pk}:{point.pk if point else 0}"
    page, _ = Page.objects.get_or_create(
        key=key,
        defaults={
            "incident": incident,
            "person": user,
            "contact_point": point,
            "channel": channel,
            "address": address,
            "cycle": cycle,
            "step": step,
            "attempt": attempt,
            "posted_at": at,
        },
    )
    link = make_ack_link(incident, person=user, at=at)
    payload = mail_of(incident, link=link, person=user, at=at) if channel == "email" else _hook(incident, link, at=at)
    post_message(channel=channel, address=address, payload=payload, key=key, at=at, about=f"incident:{incident.pk}")
    return page


def _hook(incident: Incident, link: str, *, at: datetime) -> dict[str, Any]:
    return {"json": {**news_of(incident, event="paged", at=at), "acknowledge_url": link}}


def tell_webhooks(incident: Incident, *, event: str, at: datetime) -> None:
    """Tell the policy's webhooks what became of the incident; private incidents go to nobody outside."""
    if incident.is_private:
        return
    for url in snapshot_for(incident.root_node).webhooks:
        digest = hashlib.sha256(url.encode()).hexdigest()[:12]
        post_message(
            channel="webhook",
            address=url,
            payload={"json": news_of(incident, event=event, at=at)},
            key=f"hook:{incident.pk}:{incident.cycle}:{event}:{digest}",
            at=at,
            about=f"incident:{incident.pk}",
        )


@transaction.atomic
def mark_page_sent(key: str, *, at: datetime) -> None:
    """The provider took the page: the person's time to answer counts from now."""
    page = Page.objects.filter(key=key).first()
    if page is None:
        return
    if not Page.objects.filter(pk=page.pk, state=PageState.PENDING).update(state=PageState.SENT, sent_at=at):
        return
    announce(f"incident:{page.incident_id}")
    waiting = Escalation.objects.filter(incident_id=page.incident_id, cycle=page.cycle, next_at__isnull=False)
    for escalation in waiting.select_for_update():
        places = len(escalation.steps)
        if page.step != escalation.step - 1 or page.step >= places * escalation.repeat:
            continue
        due = at + timedelta(seconds=escalation.steps[page.step % places]["wait"])
        if escalation.next_at is not None and due > escalation.next_at:
            Escalation.objects.filter(pk=escalation.pk).update(next_at=due)


@transaction.atomic
def hand_page_to_next_channel(key: str, *, at: datetime) -> Page | None:
    """A page could not be delivered: try the person's next channel, else page the next person at once."""
    page = Page.objects.select_related("incident", "incident__root_node", "person").filter(key=key).first()
    if page is None or not Page.objects.filter(pk=page.pk, state=PageState.PENDING).update(state=PageState.FAILED):
        return None
    incident, user = page.incident, page.person
    text = f"Could not reach {user} by {page.channel}"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=f"failed:{key}")
    if incident.state != IncidentState.OPEN or user is None:
        return None
    point = _next_point(page, user)
    if point is None:
        Escalation.objects.filter(incident=incident, cycle=page.cycle, next_at__gt=at).update(next_at=at)
        return None
    following = _post_page(incident, user, point=point, cycle=page.cycle, step=page.step, attempt=page.attempt, at=at)
    text = f"Paged {user} by {following.channel} instead"
    write_timeline(incident, kind=EntryKind.PAGED, text=text, actor=SYSTEM, at=at, key=f"paged:{following.key}")
    return following


def _next_point(page: Page, user: User) -> ContactPoint | None:
    """The person's first channel that this round has not tried yet."""
    tried = set(
        Page.objects.filter(incident=page.incident, cycle=page.cycle, attempt=page.attempt, person=user).values_list(
            "channel", "address"
        )
    )
    points = people.contact_points_of(user)
    return next((point for point in points if (point.channel, point.address) not in tried), None)
