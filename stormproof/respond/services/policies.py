"""Whom a team wants paged: its policy, and the snapshot an incident takes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.people import selectors as people
from stormproof.people.models import Team, User
from stormproof.respond.models import PagingPolicy, PagingWebhook, PolicyStep

DEFAULT_WAIT_SECONDS = 300
DEFAULT_REPEAT = 3


class CannotSetPagingPolicy(Refused):
    """The order is empty, names somebody twice, or a wait makes no sense."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A policy as it is now: the people in order with the seconds each may take, how often, and the webhooks."""

    team: str
    people: tuple[tuple[int, int], ...]
    repeat: int
    webhooks: tuple[str, ...]


@transaction.atomic
def set_paging_policy(
    team: Team,
    *,
    order: Sequence[tuple[User, int]],
    wait_seconds: int = DEFAULT_WAIT_SECONDS,
    repeat: int = DEFAULT_REPEAT,
    webhooks: Sequence[str] = (),
    is_default: bool = False,
    actor: Actor,
) -> PagingPolicy:
    """Say who is paged for `team`, in which order, and how many seconds each may take. Raises `CannotSetPagingPolicy`.

    An empty order means the members of the team, each with `wait_seconds`.
    """
    actor.require("respond.write")
    if len({user.pk for user, _ in order}) < len(order):
        raise CannotSetPagingPolicy("Somebody is in the order twice", field="people")
    if wait_seconds < 1 or any(wait < 1 for _, wait in order):
        raise CannotSetPagingPolicy("A wait must be at least a second", field="wait", hint="Write 5m for 5 minutes.")
    if not 1 <= repeat <= 20:
        raise CannotSetPagingPolicy(f"Nobody goes round {repeat} times", field="repeat", hint="Choose 1 to 20.")
    if is_default:
        PagingPolicy.objects.exclude(team=team).filter(is_default=True).update(is_default=False)
    policy, _ = PagingPolicy.objects.update_or_create(
        team=team,
        defaults={"wait_seconds": wait_seconds, "repeat": repeat, "webhooks": list(webhooks), "is_default": is_default},
    )
    policy.steps.all().delete()
    PolicyStep.objects.bulk_create(
        PolicyStep(policy=policy, position=position, person=user, wait_seconds=wait)
        for position, (user, wait) in enumerate(order)
    )
    return policy


@transaction.atomic
def drop_paging_policies(*, keep: Sequence[str], actor: Actor) -> None:
    """Remove the policies of all teams but those whose slugs are in `keep`."""
    actor.require("respond.write")
    PagingPolicy.objects.exclude(team__slug__in=keep).delete()


@transaction.atomic
def set_paging_webhooks(urls: Sequence[str], *, actor: Actor) -> None:
    """Say which addresses outside are told of every incident."""
    actor.require("respond.write")
    PagingWebhook.objects.exclude(url__in=urls).delete()
    PagingWebhook.objects.bulk_create([PagingWebhook(url=url) for url in urls], ignore_conflicts=True)


def snapshot_for(node: Node | None) -> Snapshot:
    """Whom to page about `node`: its team's policy, else the team itself, else the default policy, else the admins."""
    everywhere = tuple(PagingWebhook.objects.order_by("pk").values_list("url", flat=True))
    team = node.team if node is not None else None
    policies = PagingPolicy.objects.select_related("team")
    policy = policies.filter(team=team).first() if team else None
    if policy is None and (team is None or not people.team_members(team)):
        policy = policies.filter(is_default=True).first()
        team = policy.team if policy else None
    order = _order_of(policy) if policy else ()
    wait = policy.wait_seconds if policy else DEFAULT_WAIT_SECONDS
    if not order and team is not None:
        order = tuple((user.pk, wait) for user in people.team_members(team))
    if not order:
        order = tuple((user.pk, wait) for user in people.admins().order_by("pk"))
    return Snapshot(
        team=team.slug if team else "",
        people=order,
        repeat=policy.repeat if policy else DEFAULT_REPEAT,
        webhooks=tuple(dict.fromkeys([*(policy.webhooks if policy else ()), *everywhere])),
    )


def _order_of(policy: PagingPolicy) -> tuple[tuple[int, int], ...]:
    return tuple(policy.steps.order_by("position").values_list("person_id", "wait_seconds"))
