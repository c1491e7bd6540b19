"""Reads of pages and of the policies behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from stormproof.core.refusals import NotFound
from stormproof.people import selectors as people
from stormproof.people.models import Team, User
from stormproof.respond.models import (
    AckLink,
    Incident,
    Page,
    PagingPolicy,
    PagingWebhook,
    PolicyStep,
    Schedule,
)
from stormproof.respond.selectors.oncall import people_on_call
from stormproof.respond.services.links import nonce_of


def pages_of(incident: Incident) -> QuerySet[Page]:
    """Who was paged, in order."""
    return incident.pages.select_related("person").order_by("posted_at", "pk")


def ack_link_for(token: str) -> AckLink:
    """The row behind a signed link, used or not; raises `NotFound` for a link that is not ours."""
    nonce = nonce_of(token)
    found = AckLink.objects.select_related("incident__root_node", "person").filter(nonce=nonce or "-").first()
    if found is None or not found.person.is_active:
        raise NotFound("This link is not one of ours")
    return found


def policies() -> QuerySet[PagingPolicy]:
    """The paging policies with their steps in order, by team."""
    kinds = ("people", "schedules", "teams", "everyone_of")
    steps = Prefetch("steps", queryset=PolicyStep.objects.prefetch_related(*kinds))
    rows = PagingPolicy.objects.select_related("team").prefetch_related(steps, "last_resort")
    return rows.order_by("team__slug")


def people_of_step(step: Mapping[str, Any], *, at: datetime) -> list[User]:
    """Everybody whom a step of a snapshot pages at a moment: named, on call, or of a team; active, each once."""
    ids = list(step.get("people", ()))
    found = {user.pk: user for user in User.objects.filter(pk__in=ids, is_active=True)}
    users = [found[pk] for pk in ids if pk in found]
    for team in Team.objects.filter(pk__in=step.get("everyone_of", ())).order_by("pk"):
        users += people.team_members(team)
    schedules = Schedule.objects.filter(pk__in=step.get("schedules", ()), retired_at__isnull=True)
    users += _on_call_in(list(schedules.order_by("pk")), at=at)
    for team in Team.objects.filter(pk__in=step.get("teams", ())).order_by("pk"):
        of_team = list(Schedule.objects.filter(team=team, retired_at__isnull=True).order_by("pk"))
        users += _on_call_in(of_team, at=at) if of_team else people.team_members(team)[:1]
    return list(dict.fromkeys(users))


def _on_call_in(schedules: list[Schedule], *, at: datetime) -> list[User]:
    found = people_on_call(schedules, at=at) if schedules else {}
    return [user for schedule in schedules if (user := found.get(schedule.pk)) is not None]


def paging_webhooks() -> list[str]:
    """The addresses that are told of every incident."""
    return list(PagingWebhook.objects.order_by("pk").values_list("url", flat=True))
