"""The system pages: how it fares, the audit trail and its proof, the outbox."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.delivery import retry_parked
from stormproof.core.figures import jobs_by_state, outbox_figures
from stormproof.core.models import CHANNELS, MESSAGE_STATES, FactRecord, Message
from stormproof.core.outbox import send_again
from stormproof.core.refusals import Refused
from stormproof.core.seal import verify_facts
from stormproof.core.selectors import facts_visible, messages_visible, parked_reactions, seal_head
from stormproof.core.ticks import signs_of_life
from stormproof.watch.selectors import blind_locations, locations_known, probers_alive
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import acts
from stormproof.web.shell import actor_of


def system_home(request: HttpRequest) -> HttpResponse:
    """How the system itself fares, in one sentence, then each part."""
    actor, at = actor_of(request), now()
    actor.require("audit.read")
    lives, outbox, jobs = signs_of_life(at=at), outbox_figures(at=at), jobs_by_state()
    parked = list(parked_reactions(actor)[:50]) if actor.may("people.admin") else []
    away = [life.process for life in lives if not life.is_fresh]
    troubles = [f"{', '.join(away)} gives no sign of life"] if away else []
    if blind := sorted(blind_locations()):
        troubles.append(f"{', '.join(blind)} cannot see its own network")
    if outbox.given_up:
        troubles.append(f"{outbox.given_up} messages were given up")
    if parked:
        troubles.append(f"{len(parked)} reactions are set aside")
    shown = {
        "lives": lives,
        "locations": locations_known(at=at),
        "probers": probers_alive(at),
        "outbox": outbox,
        "jobs": {name: jobs.get(name, 0) for name in ("todo", "doing", "failed")},
        "parked": parked,
        "sealed": seal_head(),
        "sentence": f"{'; '.join(troubles).capitalize()}." if troubles else "Every process is alive and nothing waits.",
        "state": "down" if away else "degraded" if troubles else "up",
    }
    return render(request, "core/system.html", shown)


@require_POST
@acts("people.admin")
def retry_reaction(request: HttpRequest, parked_id: int) -> HttpResponse:
    """Send a set-aside reaction again."""
    try:
        retry_parked(parked_id, actor=actor_of(request), at=now())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The reaction was sent again.")
    return redirect("system")


def audit_trail(request: HttpRequest) -> HttpResponse:
    """Everything that happened, newest first."""
    asked = request.GET.get("about", "").strip()[:80]
    listing = read_list(
        request,
        facts_visible(actor_of(request), subject=asked),
        noun="facts",
        columns=[
            Column(name="When", sort="happened_at", csv=lambda fact: fact.happened_at.isoformat()),
            Column(name="What", sort="name", csv=lambda fact: fact.name),
            Column(name="Who", sort="actor_name", csv=lambda fact: f"{fact.actor_name} ({fact.actor})"),
            Column(name="About", csv=lambda fact: " ".join(fact.subjects)),
            Column(name="Detail", csv=lambda fact: json.dumps(fact.payload)),
        ],
        search=["name__icontains", "actor_name__icontains"],
        order="-happened_at",
        csv_name="facts",
    )
    if listing.wants_csv:
        return listing.as_csv()
    sealed, head = seal_head()
    shown = {"list": listing, "about": asked, "sealed": sealed, "head": head, "total": FactRecord.objects.count()}
    return render(request, "core/audit.html", shown)


@require_POST
def verify_trail(request: HttpRequest) -> HttpResponse:
    """Walk the hash chain now and say what was found."""
    actor_of(request).require("audit.read")
    verdict = verify_facts()
    if verdict.holds:
        messages.success(request, f"All {verdict.facts} sealed facts are as they were told. Head: {verdict.head}")
    else:
        messages.error(request, f"Fact {verdict.broken_fact_id} is broken: {verdict.reason}.")
    return redirect("audit")


def outbox_list(request: HttpRequest) -> HttpResponse:
    """Every message that left or waits, newest first; what they say stays sealed."""
    listing = read_list(
        request,
        messages_visible(actor_of(request)),
        noun="messages",
        columns=[
            Column(name="Posted", sort="created_at", csv=lambda row: row.created_at.isoformat()),
            Column(name="To", sort="address", csv=lambda row: row.address),
            Column(name="State", sort="state", csv=lambda row: row.state),
            Column(name="Tries", sort="attempts", csv=lambda row: row.attempts, end=True),
            Column(name="About", csv=lambda row: row.about),
            Column(name="Last error", csv=lambda row: row.last_error),
        ],
        filters=[
            Filter(key="state", name="State", choices=MESSAGE_STATES),
            Filter(key="channel", name="Channel", choices=CHANNELS),
        ],
        search=["address__icontains", "key__icontains", "about__icontains"],
        order="-created_at",
        csv_name="messages",
    )
    if listing.wants_csv:
        return listing.as_csv()
    return render(request, "core/outbox.html", {"list": listing, "states": dict(MESSAGE_STATES)})


@require_POST
@acts("people.admin")
def send_message_again(request: HttpRequest, message_id: int) -> HttpResponse:
    """Put a given-up message back into its lane."""
    try:
        message: Message = send_again(message_id, actor=actor_of(request), at=now())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"The message to {message.address} is on its way again.")
    return redirect("outbox")
