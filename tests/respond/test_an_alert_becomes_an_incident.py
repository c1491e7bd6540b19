"""From a monitor that is down to an incident, its cause, its cost and its clock."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord, Message
from stormproof.respond import selectors, services
from stormproof.respond.models import Alert, Incident, Page
from tests.respond.make import NOON, Shop, come_back, go_down, make_incident, make_monitor, minutes, seconds

pytestmark = pytest.mark.django_db


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


def test_the_promise_is_broken_the_moment_the_clock_is_at_zero() -> None:
    incident = make_incident(Shop().database)
    clock = selectors.clock_of(incident, NOON - seconds(6) + minutes(30) + seconds(1))
    assert clock is not None
    assert (clock.left, clock.used_percent, clock.is_broken) == (seconds(0), 100, True)


def test_the_same_fact_twice_changes_nothing() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    go_down(monitor)
    assert go_down(monitor) is None
    counts = [model.objects.count() for model in (Incident, Alert, Page, Message)]
    assert counts == [1, 1, 1, 1]
    assert FactRecord.objects.filter(name="IncidentOpened").count() == 1


def test_the_same_fact_once_more_after_the_recovery_opens_no_ghost() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    go_down(monitor)
    come_back(monitor, at=NOON + seconds(30))
    assert go_down(monitor) is None
    assert Alert.objects.filter(closed_at__isnull=True).count() == 0


def test_a_recovery_that_was_delivered_first_leaves_no_open_alert() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database, state="up", state_since=NOON + seconds(4), down_since=None)
    assert come_back(monitor, at=NOON + seconds(4)) is None
    incident = go_down(monitor)
    assert incident is not None
    incident.refresh_from_db()
    assert (incident.green_at, Alert.objects.get().closed_at) == (NOON + seconds(4), NOON + seconds(4))


def test_dependants_join_the_incident_and_are_not_paged() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    for node in (shop.web_a, shop.web_b, shop.checkout):
        assert go_down(make_monitor(node), at=NOON + seconds(3)) == incident
    assert Incident.objects.count() == 1
    assert Page.objects.count() == 1
    assert {(alert.node.slug, alert.suppressed_by and alert.suppressed_by.slug) for alert in Alert.objects.all()} == {
        ("orders-db", None),
        ("web-a", "orders-db"),
        ("web-b", "orders-db"),
        ("checkout", "orders-db"),
    }


def test_a_deeper_cause_that_shows_later_moves_the_root_and_pages_nobody_twice() -> None:
    shop = Shop()
    incident = make_incident(shop.checkout)
    assert incident.root_node == shop.checkout
    assert go_down(make_monitor(shop.database), at=NOON + seconds(4)) == incident
    incident.refresh_from_db()
    assert (incident.root_node, incident.title, incident.severity) == (shop.database, "Checkout and 1 more down", 1)
    fact = FactRecord.objects.get(name="RootCauseMoved")
    assert fact.payload == {
        "incident_id": incident.pk,
        "from_node_id": shop.checkout.pk,
        "to_node_id": shop.database.pk,
    }
    assert FactRecord.objects.get(name="ImpactWidened").payload["function_ids"] == [shop.checkout.pk, shop.search.pk]
    assert [page.person for page in Page.objects.all()] == [shop.alice]
    assert Alert.objects.get(node=shop.checkout).suppressed_by == shop.database


def test_a_cause_that_is_green_first_stays_the_cause() -> None:
    shop = Shop()
    database, web = make_monitor(shop.database), make_monitor(shop.web_a)
    incident = go_down(database)
    go_down(web, at=NOON + seconds(2))
    come_back(database, at=NOON + seconds(20))
    go_down(make_monitor(shop.checkout), at=NOON + seconds(21))
    assert incident is not None
    incident.refresh_from_db()
    assert (incident.root_node, incident.green_at, Incident.objects.count()) == (shop.database, None, 1)


def test_one_web_server_of_two_is_an_incident_that_hits_no_function() -> None:
    shop = Shop()
    incident = make_incident(shop.web_a)
    assert (incident.title, incident.severity, incident.severity_reason) == (
        "Web a down",
        4,
        "No business function is hit",
    )
    assert selectors.revenue_per_minute_of(incident, NOON) == 0


def test_the_second_web_server_makes_it_graver_and_pages_again() -> None:
    shop = Shop()
    incident = make_incident(shop.web_a)
    go_down(make_monitor(shop.web_b), at=NOON + minutes(1))
    incident.refresh_from_db()
    assert (incident.severity, incident.title) == (1, "Checkout and 1 more down")
    assert FactRecord.objects.get(name="SeverityChanged").payload == {
        "incident_id": incident.pk,
        "before": 4,
        "severity": 1,
    }
    assert [(page.person, page.cycle) for page in Page.objects.all()] == [(shop.alice, 1), (shop.alice, 2)]


def test_things_that_share_nothing_are_two_incidents() -> None:
    shop = Shop()
    assert make_incident(shop.database) != make_incident(shop.wifi, at=NOON + seconds(1))


def test_functions_that_share_a_need_are_one_incident_during_the_storm_and_two_later() -> None:
    shop = Shop()
    incident = make_incident(shop.checkout)
    assert make_incident(shop.search, at=NOON + seconds(5)) == incident
    assert make_incident(shop.web_a, at=NOON + minutes(3)) == incident  # checkout leans on it


def test_an_unrelated_function_after_the_storm_is_an_incident_of_its_own() -> None:
    shop = Shop()
    assert make_incident(shop.checkout) != make_incident(shop.search, at=NOON + minutes(3))


def test_an_incident_resolves_once_its_monitors_have_stayed_green_for_ten_seconds() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    incident = go_down(monitor)
    assert incident is not None
    come_back(monitor, at=NOON + seconds(25))
    assert services.resolve_what_has_settled(at=NOON + seconds(34)) == 0
    assert services.resolve_what_has_settled(at=NOON + seconds(35)) == 1
    assert services.resolve_what_has_settled(at=NOON + seconds(36)) == 0
    incident.refresh_from_db()
    assert (incident.state, incident.resolved_at, incident.impact_ended_at, incident.resolution) == (
        "resolved",
        NOON + seconds(35),
        NOON + seconds(25),
        "All monitors are green",
    )
    assert selectors.revenue_so_far(incident, NOON + minutes(60)) == Decimal(31) / 6
    assert FactRecord.objects.filter(name="IncidentResolved").count() == 1


def test_a_new_alert_while_settling_keeps_it_open() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    incident = go_down(monitor)
    come_back(monitor, at=NOON + seconds(25))
    go_down(monitor, at=NOON + seconds(30))
    assert services.resolve_what_has_settled(at=NOON + minutes(5)) == 0
    assert incident is not None
    incident.refresh_from_db()
    assert (incident.state, incident.green_at, incident.impact_ended_at) == ("open", None, None)


def test_the_impact_ends_when_no_function_is_hit_though_a_monitor_is_still_red() -> None:
    shop = Shop()
    checkout, web = make_monitor(shop.checkout), make_monitor(shop.web_a)
    incident = go_down(checkout)
    go_down(web, at=NOON + seconds(2))
    come_back(checkout, at=NOON + seconds(24))
    assert incident is not None
    incident.refresh_from_db()
    assert (incident.impact_ended_at, incident.green_at) == (NOON + seconds(24), None)
    assert selectors.revenue_so_far(incident, NOON + minutes(60)) == Decimal(5)


def _resolved(shop: Shop) -> Incident:
    monitor = make_monitor(shop.database)
    incident = go_down(monitor)
    assert incident is not None
    come_back(monitor, at=NOON + seconds(20))
    services.resolve_what_has_settled(at=NOON + seconds(30))
    return incident


def test_the_same_trouble_within_half_an_hour_opens_the_same_incident_again() -> None:
    shop = Shop()
    incident = _resolved(shop)
    assert make_incident(shop.database, at=NOON + minutes(30)) == incident
    incident.refresh_from_db()
    assert (incident.state, incident.resolved_at, incident.cycle, incident.commander) == ("open", None, 2, None)
    assert FactRecord.objects.filter(name="IncidentReopened").count() == 1
    assert [(page.person, page.cycle) for page in Page.objects.all()] == [(shop.alice, 1), (shop.alice, 2)]


def test_the_same_trouble_an_hour_later_is_a_new_incident() -> None:
    shop = Shop()
    incident = _resolved(shop)
    assert make_incident(shop.database, at=NOON + minutes(60)) != incident


def test_an_expected_drill_is_marked_and_never_mixed_with_the_real_thing() -> None:
    shop = Shop()
    services.expect_drill([shop.database.pk], reference="exercise:1", starts_at=NOON, ends_at=NOON + minutes(5))
    drill = _resolved(shop)
    assert drill.is_drill is True
    services.end_drill("exercise:1", at=NOON + minutes(2))
    real = make_incident(shop.database, at=NOON + minutes(3))
    assert (real == drill, real.is_drill) == (False, False)


def test_what_leans_on_the_target_of_a_drill_is_a_drill_and_what_does_not_is_real() -> None:
    shop = Shop()
    services.expect_drill([shop.database.pk], reference="exercise:1", starts_at=NOON, ends_at=NOON + minutes(5))
    assert make_incident(shop.checkout).is_drill is True
    assert make_incident(shop.wifi).is_drill is False
    with pytest.raises(services.CannotExpectDrill):
        services.expect_drill([], reference="exercise:2", starts_at=NOON, ends_at=NOON + minutes(5))


@pytest.mark.parametrize(
    "wrong", [{"state": "asleep"}, {"severity": 0}, {"severity": 5}, {"state": "resolved"}, {"resolved_at": NOON}]
)
def test_the_database_refuses_an_incident_that_cannot_be(wrong: dict[str, object]) -> None:
    incident = make_incident(Shop().database)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**wrong)
