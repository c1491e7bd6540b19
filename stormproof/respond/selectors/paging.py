"""Reads of pages and of the policies behind them."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from stormproof.core.refusals import NotFound
from stormproof.respond.models import (
    AckLink,
    Incident,
    Page,
    PagingPolicy,
    PagingWebhook,
    PolicyStep,
)
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
    """The paging policies with their people in order, by team."""
    steps = Prefetch("steps", queryset=PolicyStep.objects.select_related("person"))
    return PagingPolicy.objects.select_related("team").prefetch_related(steps).order_by("team__slug")


def paging_webhooks() -> list[str]:
    """The addresses that are told of every incident."""
    return list(PagingWebhook.objects.order_by("pk").values_list("url", flat=True))
