"""From a monitor that is down to an incident and its pages."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord, Message
from stormproof.respond import selectors, services
from stormproof.respond.models import Alert, Incident, Page
from stormproof.watch.models import Monitor
from tests.respond.make import NOON, Shop, make_monitor, minutes, seconds

pytestmark = pytest.mark.django_db


def go_down(monitor: Monitor, *, at: datetime, since: datetime | None = None) -> Incident | None:
    return services.open_alert(
        monitor_id=monitor.pk, node_id=monitor.node_id, reason="no answer", failed_since=since or at - seconds(6), at=at
    )


def recover(monitor: Monitor, *, at: datetime) -> Incident | None:
    return services.close_alert(monitor_id=monitor.pk, at=at)


def test_a_database_that_is_down_opens_one_incident_with_its_cost_and_its_clock() -> None:
    shop = Shop()
    incident = go_down(make_monitor(shop.database), at=NOON, since=NOON - seconds(6))
    assert incident is not None
    assert (incident.title, incident.severity, incident.severity_reason, incident.state, incident.is_drill) == (
        "Checkout and 1 more down",
        1,
        "100% of revenue stops",
        "open",
        False,
    )
    assert incident.root_node == shop.database
    assert incident.impact_started_at == NOON - seconds(6)
    assert [node.slug for node in selectors.functions_of(incident)] == ["checkout", "search"]
    assert selectors.revenue_per_minute_of(incident, NOON) == Decimal(10)
    assert selectors.revenue_so_far(incident, NOON + minutes(5.9)) == Decimal(60)
    clock = selectors.clock_of(incident, NOON + minutes(10) - seconds(6))
    assert clock is not None
    assert (clock.node, clock.left, clock.used_percent, clock.is_broken) == (shop.checkout, minutes(20), 33, False)
    assert [fact.name for fact in history_of(f"incident:{incident.pk}")] == ["PersonPaged", "IncidentOpened"]


def test_one_person_is_paged_with_a_link_in_the_same_transaction() -> None:
    shop = Shop()
    incident = go_down(make_monitor(shop.database), at=NOON)
    assert incident is not None
    page = Page.objects.get()
    assert (page.person, page.channel, page.address, page.state) == (shop.alice, "email", shop.alice.email, "pending")
    message = Message.objects.get()
    assert (message.key, message.address, message.about) == (page.key, shop.alice.email, f"incident:{incident.pk}")


def test_the_same_fact_twice_changes_nothing() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    go_down(monitor, at=NOON)
    assert go_down(monitor, at=NOON) is None
    counts = [model.objects.count() for model in (Incident, Alert, Page, Message)]
    assert counts == [1, 1, 1, 1]
    assert FactRecord.objects.filter(name="IncidentOpened").count() == 1
