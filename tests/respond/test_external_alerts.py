"""What other systems report: kept, counted, grouped, told, ended."""

from __future__ import annotations

import json

import pytest

from stormproof.core.actor import SYSTEM, NotAllowed
from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord
from stormproof.respond import services
from stormproof.respond.models import Alert, AlertDelivery, AlertGroup, ExternalAlert, Incident, Page
from stormproof.respond.rules.routing import Matcher
from tests.respond.intake import firing, go_on, make_integration, send, the_alert, webhook
from tests.respond.make import NOON, Shop, actor_of, come_back, go_down, make_monitor, make_user, minutes, seconds

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    make_user("Ada", roles=("admin",))  # paged for what has no team
    return made


def test_a_critical_alert_opens_an_incident_at_its_node_at_once(shop: Shop) -> None:
    _, key = make_integration(shop)
    reply = send(key, webhook(firing(service="checkout")))
    assert (reply.status, reply.json) == (200, {"status": "kept"})
    alert, incident = the_alert(), Incident.objects.get()
    assert (alert.name, alert.node, alert.severity, alert.state) == ("HighErrorRate", shop.checkout, 1, "open")
    assert (incident.root_node, incident.title, incident.severity) == (shop.checkout, "Checkout down", 1)
    assert incident.alerts.get().reason == "checkout HighErrorRate"
    assert Page.objects.count() == 1


def test_a_warning_waits_half_a_minute_for_what_belongs_to_it(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(severity="warning", service="checkout", instance="a")))
    go_on(NOON + seconds(29))
    assert not Incident.objects.exists()
    send(key, webhook(firing(severity="warning", service="checkout", instance="b")), at=NOON + seconds(29))
    go_on(NOON + seconds(30))
    assert AlertGroup.objects.get().alerts.count() == 2
    assert Incident.objects.get().alerts.count() == 1


def test_the_same_again_is_counted_and_pages_nobody(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing()))
    pages = Page.objects.count()
    send(key, webhook(firing(), firing()), at=NOON + minutes(6))
    assert (the_alert().count, the_alert().last_seen_at) == (3, NOON + minutes(6))
    assert (Incident.objects.count(), Page.objects.count()) == (1, pages)


def test_the_end_closes_alert_group_and_incident(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(service="checkout")))
    send(key, webhook(firing(service="checkout", status="resolved")), at=NOON + minutes(2))
    alert, incident = the_alert(), Incident.objects.get()
    assert (alert.state, alert.closed_at) == ("closed", NOON + minutes(2))
    assert alert.group.closed_at == NOON + minutes(2)
    assert incident.green_at == NOON + minutes(2)
    services.resolve_what_has_settled(at=NOON + minutes(3))
    incident.refresh_from_db()
    assert incident.state == "resolved"


def test_what_comes_back_within_half_an_hour_reopens_its_incident(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(service="checkout")))
    send(key, webhook(firing(service="checkout", status="resolved")), at=NOON + minutes(2))
    services.resolve_what_has_settled(at=NOON + minutes(3))
    send(key, webhook(firing(service="checkout")), at=NOON + minutes(20))
    incident = Incident.objects.get()
    assert (incident.state, incident.cycle) == ("open", 2)
    assert ExternalAlert.objects.count() == 2


def test_fired_and_ended_in_one_delivery_is_over(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(), firing(status="resolved")))
    assert the_alert().state == "closed"
    assert not Incident.objects.exists()


def test_an_end_without_a_beginning_changes_nothing(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(status="resolved")))
    assert not ExternalAlert.objects.exists()
    assert AlertDelivery.objects.get().state == "handled"


def test_a_burst_of_a_thousand_alerts_is_a_handful_of_incidents_and_pages(shop: Shop) -> None:
    _, key = make_integration(shop)
    nodes = ["checkout", "search", "orders-db", "psp-a"]
    alerts = [firing(f"Alert{number % 50}", service=nodes[number % 4], instance=str(number)) for number in range(1000)]
    send(key, webhook(*alerts))
    assert ExternalAlert.objects.count() == 1000
    assert Alert.objects.filter(monitor__isnull=True).count() == 4
    assert Incident.objects.count() <= 2
    assert Page.objects.count() <= 5


def test_a_burst_takes_a_fixed_number_of_statements(shop: Shop, django_assert_max_num_queries: object) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing("first", service="checkout")))
    body = webhook(*(firing(f"Alert{n % 20}", service="checkout", instance=str(n)) for n in range(500)))
    from stormproof.respond.services.deliveries import Incoming, keep_delivery

    keep_delivery(Incoming(key=key, body=body, headers={}), at=NOON)
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        services.handle_deliveries(at=NOON)


def test_a_monitor_and_an_external_alert_of_one_node_share_an_incident(shop: Shop) -> None:
    _, key = make_integration(shop)
    monitor = make_monitor(shop.checkout)
    incident = go_down(monitor)
    send(key, webhook(firing(service="checkout")), at=NOON + minutes(1))
    assert Incident.objects.get() == incident
    come_back(monitor, at=NOON + minutes(2))
    assert Incident.objects.get().green_at is None
    send(key, webhook(firing(service="checkout", status="resolved")), at=NOON + minutes(3))
    assert Incident.objects.get().green_at == NOON + minutes(3)


def test_the_mapping_says_which_node_an_alert_is_about(shop: Shop) -> None:
    lines = [{"label": "job", "value": "pay*|card", "node": "psp-a"}]
    _, key = make_integration(shop, nodes=lines)
    send(key, webhook(firing("a", job="payments"), firing("b", node="orders-db"), firing("c", job="other")))
    found = dict(ExternalAlert.objects.values_list("name", "node__slug"))
    assert found == {"a": "psp-a", "b": "orders-db", "c": "office-wifi"}


def test_info_is_kept_and_opens_nothing(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(severity="info")))
    go_on(NOON + minutes(10))
    assert the_alert().action == "log"
    assert not Incident.objects.exists()


def test_an_alert_of_the_api_ends_when_it_is_not_sent_again(shop: Shop) -> None:
    _, key = make_integration(shop)
    body = json.dumps([{"labels": {"alertname": "Up", "severity": "critical"}, "endsAt": "2026-03-04T12:04:00Z"}])
    send(key, body.encode())
    go_on(NOON + minutes(3))
    assert the_alert().state == "open"
    go_on(NOON + minutes(4))
    assert (the_alert().state, the_alert().closing) == ("closed", "It was not sent again")


def test_what_cannot_be_read_is_kept_with_the_reason_and_handled_after_mending(shop: Shop) -> None:
    integration, key = make_integration(shop, "generic", fields={"name": "wrong.path"})
    reply = send(key, b'{"problem": {"what": "Queue is long"}, "severity": "critical"}')
    assert reply.status == 200
    delivery = AlertDelivery.objects.get()
    assert (delivery.state, delivery.reason) == ("unreadable", "alert 1 has no name at wrong.path")
    integration.refresh_from_db()
    assert integration.last_error == "alert 1 has no name at wrong.path"
    services.change_integration(
        integration,
        name="Queue",
        node=shop.wifi,
        nodes=[],
        fields={"name": "problem.what"},
        rate_per_minute=100,
        is_enabled=True,
        actor=SYSTEM,
        at=NOON,
    )
    assert services.reprocess_deliveries(integration, actor=SYSTEM, at=NOON) == 1
    go_on(NOON + minutes(1))
    assert the_alert().name == "Queue is long"
    assert AlertDelivery.objects.get().state == "handled"


def test_a_wrong_key_is_a_404_and_keeps_nothing(shop: Shop) -> None:
    make_integration(shop)
    assert send("0" * 32, webhook(firing())).status == 404
    assert not AlertDelivery.objects.exists()


def test_an_integration_that_is_switched_off_takes_nothing(shop: Shop) -> None:
    integration, key = make_integration(shop)
    services.change_integration(
        integration, name="A", node=shop.wifi, nodes=[], fields={}, rate_per_minute=9, is_enabled=False,
        actor=SYSTEM, at=NOON,
    )  # fmt: skip
    assert send(key, webhook(firing())).status == 404


def test_more_than_the_rate_is_a_429(shop: Shop) -> None:
    _, key = make_integration(shop, rate_per_minute=2)
    assert [send(key, webhook(firing())).status for _ in range(3)] == [200, 200, 429]
    assert send(key, webhook(firing()), at=NOON + minutes(1)).status == 200


def test_a_rotated_key_opens_and_the_old_one_does_not(shop: Shop) -> None:
    integration, old = make_integration(shop)
    new = services.rotate_integration_key(integration, actor=SYSTEM, at=NOON)
    assert send(old, webhook(firing())).status == 404
    assert send(new, webhook(firing())).status == 200
    assert [fact.name for fact in history_of(f"integration:{integration.pk}")] == [
        "IntegrationKeyRotated",
        "IntegrationCreated",
    ]
    assert not FactRecord.objects.filter(payload__icontains=new).exists()


def test_only_who_may_write_sets_up_an_integration(shop: Shop) -> None:
    with pytest.raises(NotAllowed, match=r"respond\.write"):
        services.create_integration(
            slug="x", name="X", kind="grafana", node=shop.wifi, actor=actor_of(shop.charlie), at=NOON
        )


def test_acknowledging_stops_the_repeats(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing()))
    assert services.acknowledge_alerts([the_alert().pk], actor=actor_of(shop.bob), at=NOON) == 1
    go_on(NOON + minutes(241))
    assert (the_alert().state, the_alert().acknowledged_by) == ("acknowledged", "Bob")
    assert the_alert().group.due_at is None


def test_a_silenced_alert_is_kept_and_told_when_the_silence_ends(shop: Shop) -> None:
    _, key = make_integration(shop)
    silence = services.create_silence(
        matchers=[Matcher(label="service", op="~", value="check*")],
        reason="we work on it",
        starts_at=NOON,
        ends_at=NOON + minutes(60),
        actor=actor_of(shop.alice),
        at=NOON,
    )
    send(key, webhook(firing(service="checkout")))
    go_on(NOON + minutes(10))
    assert (the_alert().silence, Incident.objects.count()) == (silence, 0)
    go_on(NOON + minutes(60))
    assert (the_alert().silence, Incident.objects.count()) == (None, 1)


def test_a_silence_quietens_what_is_open_already(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(firing(severity="warning", service="checkout")))
    services.create_silence(
        matchers=[Matcher(label="severity", op="=", value="warning")],
        reason="known",
        starts_at=NOON,
        ends_at=NOON + minutes(60),
        actor=actor_of(shop.alice),
        at=NOON,
    )
    go_on(NOON + minutes(1))
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matchers": []}, "matchers"),
        ({"matchers": [Matcher(label="", op="=", value="x")]}, "matchers"),
        ({"matchers": [Matcher(label="a", op="=~", value="x")]}, "matchers"),
        ({"reason": " "}, "reason"),
        ({"ends_at": NOON}, "ends_at"),
        ({"ends_at": NOON + minutes(60 * 24 * 91)}, "ends_at"),
        ({"repeats": "hourly"}, "repeats"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(shop: Shop, changes: dict[str, object], field: str) -> None:
    good = {"matchers": [Matcher(label="a", op="=", value="b")], "reason": "x", "starts_at": NOON}
    asked = {**good, "ends_at": NOON + minutes(5), **changes}
    with pytest.raises(services.CannotSilence) as refused:
        services.create_silence(**asked, actor=SYSTEM, at=NOON)  # type: ignore[arg-type]
    assert refused.value.field == field
