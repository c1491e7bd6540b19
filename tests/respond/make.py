"""A small shop in trouble, for tests of respond."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction

from stormproof.business.models import (
    Business,
    Dependency,
    DependencyMember,
    Function,
    Node,
    Objective,
    RevenueProfile,
)
from stormproof.core.actor import Actor
from stormproof.core.models import Message
from stormproof.core.secrets import open_text
from stormproof.people.models import ContactPoint, Team, TeamMembership, User
from stormproof.people.selectors import actor_for
from stormproof.recover.models import Procedure
from stormproof.respond import services
from stormproof.respond.models import Incident, Page
from stormproof.watch.models import Monitor

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
_numbers = count(1)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def make_node(
    slug: str, *, kind: str = "asset", needs: Any = (), share: str = "0", rto: int | None = None, **more: Any
) -> Node:
    """A node; `needs` holds nodes, or `(at_least, [nodes])`."""
    node = Node.objects.create(slug=slug, name=slug.replace("-", " ").capitalize(), kind=kind, added_at=NOON, **more)
    if kind == "function":
        Function.objects.create(node=node, revenue_share=Decimal(share))
    if rto is not None:
        Objective.objects.create(node=node, rto_seconds=rto)
    for need in needs:
        at_least, members = need if isinstance(need, tuple) else (1, [need])
        dependency = Dependency.objects.create(node=node, at_least=at_least)
        for member in members:
            DependencyMember.objects.create(dependency=dependency, on=member)
    return node


def make_monitor(node: Node, *, slug: str = "", **more: Any) -> Monitor:
    """A monitor that is down, as it is when its fact is delivered."""
    plain: dict[str, Any] = {
        "slug": slug or f"{node.slug}-{next(_numbers)}",
        "name": node.name,
        "kind": "http",
        "interval_seconds": 5,
        "state": "down",
        "state_since": NOON,
        "down_since": NOON,
        "last_at": NOON + timedelta(days=365),
    }
    return Monitor.objects.create(node=node, **{**plain, **more})


def make_user(name: str, *, roles: tuple[str, ...] = ("responder",), **more: Any) -> User:
    return User.objects.create_user(f"{name.lower()}@shop.example", name=name, roles=list(roles), **more)


def make_contact(user: User, *, channel: str = "email", address: str = "", position: int = 0) -> ContactPoint:
    return ContactPoint.objects.create(
        user=user, channel=channel, address=address or user.email, position=position, verified_at=NOON
    )


def make_team(slug: str, *members: User) -> Team:
    team = Team.objects.create(slug=slug, name=slug.capitalize())
    for position, user in enumerate(members):
        TeamMembership.objects.create(team=team, user=user, position=position)
    return team


def make_procedure(node: Node, *, slug: str = "", start: str = "automatic") -> Procedure:
    slug = slug or f"recover-{node.slug}"
    steps = [{"id": "look", "kind": "manual", "name": "Look", "with": {"text": "Look at it"}}]
    definition = {"name": slug, "recovers": node.slug, "start": start, "steps": steps}
    return Procedure.objects.create(
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        node=node,
        start=start,
        definition=definition,
        changed_at=NOON,
    )


def actor_of(user: User) -> Actor:
    return actor_for(user)


def go_down(monitor: Monitor, *, at: datetime = NOON, since: datetime | None = None) -> Incident | None:
    """As the reaction to `MonitorWentDown` does it."""
    return services.open_alert(
        monitor_id=monitor.pk, node_id=monitor.node_id, reason="no answer", failed_since=since or at - seconds(6), at=at
    )


def make_incident(node: Node, *, at: datetime = NOON) -> Incident:
    """An incident because a monitor of `node` went down."""
    incident = go_down(make_monitor(node), at=at)
    assert incident is not None
    return incident


def come_back(monitor: Monitor, *, at: datetime) -> Incident | None:
    """As the reaction to `MonitorRecovered` does it."""
    return services.close_alert(monitor_id=monitor.pk, at=at)


def link_in(page: Page) -> str:
    """The address to acknowledge under that a page carries."""
    payload = json.loads(open_text(Message.objects.get(key=page.key).sealed_payload))
    text = payload["text"] if "text" in payload else payload["json"]["acknowledge_url"]
    return str(re.search(r"https?://\S+/ack/\S+", text)[0])  # type: ignore[index]


def token_in(page: Page) -> str:
    return link_in(page).rpartition("/ack/")[2].rstrip("/")


class Shop:
    """Checkout (all revenue, RTO 30 min) and search (none) on orders, on a database; two web servers, one is enough.

    600 EUR an hour, so 10 EUR a minute. Alice, then Bob are the platform team; Charlie may do nothing.
    """

    @transaction.atomic
    def __init__(self) -> None:
        Business.objects.create(name="Harbour", currency="EUR", time_zone="UTC")
        RevenueProfile.objects.create(hour_of_week=[Decimal(600)] * 168, season=[Decimal(1)] * 12, set_at=NOON)
        self.alice, self.bob = make_user("Alice"), make_user("Bob")
        self.charlie = make_user("Charlie", roles=("employee",))
        self.platform = make_team("platform", self.alice, self.bob)
        self.database = make_node("orders-db", team=self.platform, rehearsable=True)
        self.web_a, self.web_b = (make_node(f"web-{x}", needs=[self.database], team=self.platform) for x in "ab")
        self.psp = make_node("psp-a", kind="supplier", team=self.platform)
        web = (1, [self.web_a, self.web_b])
        self.checkout = make_node("checkout", kind="function", needs=[web, self.psp], share="1", rto=1800)
        self.search = make_node("search", kind="function", needs=[web])
        self.wifi = make_node("office-wifi")
