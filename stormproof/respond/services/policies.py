"""Whom a team wants paged: its policy, and the snapshot an incident takes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.people import selectors as people
from stormproof.people.models import Team, User
from stormproof.respond.models import PagingPolicy, PagingWebhook, PolicyStep, Schedule

DEFAULT_WAIT_SECONDS = 300
DEFAULT_REPEAT = 3


class CannotSetPagingPolicy(Refused):
    """The order is empty, names somebody twice, or a wait makes no sense."""


@dataclass(frozen=True, kw_only=True)
class StepHours:
    """When a step counts: weekdays (Monday is 0) and clock times in a zone."""

    days: tuple[int, ...]
    start: time
    end: time
    zone: str


@dataclass(frozen=True, kw_only=True)
class StepPart:
    """A step as somebody wants it: all it names are paged at once, then it waits."""

    people: tuple[User, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    teams: tuple[Team, ...] = ()  # whoever is on call in the team's schedules, else its first member
    everyone_of: tuple[Team, ...] = ()
    wait_seconds: int = DEFAULT_WAIT_SECONDS
    severities: tuple[int, ...] = ()
    hours: StepHours | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A policy as it is now: its steps in plain data, how often, who at the very end, and the webhooks."""

    team: str
    steps: tuple[dict[str, Any], ...]
    repeat: int
    webhooks: tuple[str, ...]
    last_resort: tuple[int, ...] = ()
    ack_seconds: int | None = None
    acks_needed: int = 1


@transaction.atomic
def set_paging_policy(
    team: Team,
    *,
    order: Sequence[tuple[User, int]] = (),
    steps: Sequence[StepPart] = (),
    wait_seconds: int = DEFAULT_WAIT_SECONDS,
    repeat: int = DEFAULT_REPEAT,
    webhooks: Sequence[str] = (),
    is_default: bool = False,
    last_resort: Sequence[User] = (),
    ack_seconds: int | None = None,
    acks_needed: int = 1,
    actor: Actor,
) -> PagingPolicy:
    """Say who is paged for `team`, in which order, and how many seconds each may take. Raises `CannotSetPagingPolicy`.

    An `order` of people is the short form of `steps` that page one each. Without both, the members of the team are
    paged, each with `wait_seconds`. `last_resort` left out means the administrators.
    """
    actor.require("respond.write")
    if len({user.pk for user, _ in order}) < len(order):
        raise CannotSetPagingPolicy("Somebody is in the order twice", field="people")
    parts = [StepPart(people=(user,), wait_seconds=wait) for user, wait in order] or list(steps)
    _check(parts, wait_seconds=wait_seconds, repeat=repeat, ack_seconds=ack_seconds, acks_needed=acks_needed)
    if is_default:
        PagingPolicy.objects.exclude(team=team).filter(is_default=True).update(is_default=False)
    policy, _ = PagingPolicy.objects.update_or_create(
        team=team,
        defaults={
            "wait_seconds": wait_seconds,
            "repeat": repeat,
            "webhooks": list(webhooks),
            "is_default": is_default,
            "ack_seconds": ack_seconds,
            "acks_needed": acks_needed,
        },
    )
    policy.last_resort.set(last_resort)
    policy.steps.all().delete()
    for position, part in enumerate(parts):
        _write_step(policy, part, position=position)
    return policy


def _write_step(policy: PagingPolicy, part: StepPart, *, position: int) -> None:
    step = PolicyStep.objects.create(
        policy=policy,
        position=position,
        wait_seconds=part.wait_seconds,
        severities=sorted(part.severities),
        hours={
            "days": list(part.hours.days),
            "from": f"{part.hours.start:%H:%M}",
            "to": f"{part.hours.end:%H:%M}",
            "zone": part.hours.zone,
        }
        if part.hours
        else {},
    )
    step.people.set(part.people)
    step.schedules.set(part.schedules)
    step.teams.set(part.teams)
    step.everyone_of.set(part.everyone_of)


def _check(
    parts: Sequence[StepPart], *, wait_seconds: int, repeat: int, ack_seconds: int | None, acks_needed: int
) -> None:
    if wait_seconds < 1 or any(part.wait_seconds < 1 for part in parts):
        raise CannotSetPagingPolicy("A wait must be at least a second", field="wait", hint="Write 5m for 5 minutes.")
    if not 1 <= repeat <= 20:
        raise CannotSetPagingPolicy(f"Nobody goes round {repeat} times", field="repeat", hint="Choose 1 to 20.")
    if ack_seconds is not None and ack_seconds < 60:
        hint = "Write 30m for 30 minutes."
        raise CannotSetPagingPolicy("An acknowledgement lasts a minute at least", field="ack_lasts", hint=hint)
    if not 1 <= acks_needed <= 10:
        raise CannotSetPagingPolicy(f"{acks_needed} acknowledgements", field="acks", hint="Choose 1 to 10.")
    for part in parts:
        _check_step(part)


def _check_step(part: StepPart) -> None:
    if not (part.people or part.schedules or part.teams or part.everyone_of):
        raise CannotSetPagingPolicy("A step names nobody", field="steps", hint="Name people, schedules or teams.")
    if not set(part.severities) <= {1, 2, 3, 4}:
        raise CannotSetPagingPolicy("A severity is 1 to 4", field="severities")
    if part.hours is not None:
        _check_hours(part.hours)


def _check_hours(hours: StepHours) -> None:
    try:
        ZoneInfo(hours.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CannotSetPagingPolicy(f"There is no time zone {hours.zone!r}", field="hours") from None
    if not hours.days or not set(hours.days) <= set(range(7)):
        raise CannotSetPagingPolicy("Hours need at least one weekday", field="hours")


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
    steps = _steps_of(policy) if policy else ()
    wait = policy.wait_seconds if policy else DEFAULT_WAIT_SECONDS
    if not steps and team is not None:
        steps = _steps_of_team(team, wait=wait)
    if not steps:
        steps = tuple({"people": [user.pk], "wait": wait} for user in people.admins().order_by("pk"))
    return Snapshot(
        team=team.slug if team else "",
        steps=steps,
        repeat=policy.repeat if policy else DEFAULT_REPEAT,
        webhooks=tuple(dict.fromkeys([*(policy.webhooks if policy else ()), *everywhere])),
        last_resort=tuple(policy.last_resort.order_by("pk").values_list("pk", flat=True)) if policy else (),
        ack_seconds=policy.ack_seconds if policy else None,
        acks_needed=policy.acks_needed if policy else 1,
    )


def _steps_of_team(team: Team, *, wait: int) -> tuple[dict[str, Any], ...]:
    """Who is on call in the team's schedules first, then its members one after the other."""
    has_schedule = Schedule.objects.filter(team=team, retired_at__isnull=True).exists()
    first: list[dict[str, Any]] = [{"teams": [team.pk], "wait": wait}] if has_schedule else []
    return (*first, *({"people": [user.pk], "wait": wait} for user in people.team_members(team)))


def _steps_of(policy: PagingPolicy) -> tuple[dict[str, Any], ...]:
    kinds = ("people", "schedules", "teams", "everyone_of")
    found = []
    for step in policy.steps.order_by("position").prefetch_related(*kinds):
        named = {kind: [one.pk for one in getattr(step, kind).all()] for kind in kinds}
        conditions = {"severities": step.severities, "hours": step.hours}
        plain = {key: value for key, value in {**named, **conditions}.items() if value}
        found.append({**plain, "wait": step.wait_seconds})
    return tuple(found)
