"""The doors of external alerts: pages, API, the addresses that integrations deliver to; how many queries they take."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormproof.core.clock import now
from stormproof.people.models import User
from stormproof.respond.kinds import KINDS
from stormproof.respond.models import (
    AlertDelivery,
    AlertRoute,
    ExternalAlert,
    Incident,
    InhibitionRule,
    Integration,
    Silence,
)
from stormproof.respond.services.deliveries import LONGEST_BODY
from tests.respond.intake import FUZZ_EXAMPLES, firing, go_on, make_integration, send, the_alert, webhook
from tests.respond.make import NOON, Shop, make_user, minutes

pytestmark = pytest.mark.django_db
ROUTING = """
routes:
  - {name: Staging, matchers: [{label: env, op: "~", value: "stag*"}], action: log}
  - {name: Money, matchers: [{label: service, value: checkout}], action: page, severity: 1, node: orders-db}
  - {name: Night, from_time: "20:00", until_time: "08:00", action: ticket}
inhibitions:
  - name: Cluster
    source: [{label: alertname, value: ClusterDown}]
    target: [{label: alertname, op: "~", value: "Host*"}]
    equal: [cluster]
"""


@pytest.fixture
def shop() -> Shop:
    return Shop()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def call(user: User, method: str, path: str, **body: Any) -> Any:
    return client_of(user).generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")


def test_alice_acts_olga_only_reads_and_charlie_sees_nothing(shop: Shop) -> None:
    olga = make_user("Olga", roles=("auditor",))
    integration, key = make_integration(shop)
    send(key, webhook(firing()), at=now())
    alert = the_alert()
    paths = ["/alerts/", f"/alerts/{alert.pk}/", "/alerts/silences/", "/alerts/routing/", "/integrations/"]
    for path in [*paths, f"/integrations/{integration.slug}/"]:
        found = [client_of(user).get(path).status_code for user in (shop.alice, olga, shop.charlie)]
        assert found == [200, 200, 404], path
    form = {"id": alert.pk, "act": "acknowledge"}
    assert [client_of(user).post("/alerts/act/", form).status_code for user in (olga, shop.charlie)] == [403, 403]
    assert the_alert().state == "open"
    assert client_of(shop.alice).post("/alerts/act/", form).status_code == 302
    assert (the_alert().state, the_alert().acknowledged_by) == ("acknowledged", "Alice")


def test_an_integration_is_made_on_the_page_and_its_address_is_shown_once(shop: Shop) -> None:
    client = client_of(shop.alice)
    form = {"name": "Our Grafana", "node": shop.checkout.pk, "rate_per_minute": "100", "nodes": "job = pay* -> psp-a"}
    page = client.post("/integrations/new/grafana/", form).content.decode()
    key = re.search(r"/in/([0-9a-f]{32})", page)
    assert key is not None
    made = Integration.objects.get()
    assert (made.slug, made.nodes) == ("our-grafana", [{"label": "job", "value": "pay*", "node": "psp-a"}])
    assert key[1] not in client.get("/integrations/our-grafana/").content.decode()
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "A", "job": "payments"}, "fingerprint": "f"}]}
    answer = Client().post(f"/in/{key[1]}", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, {"status": "kept"})
    go_on(now())
    assert the_alert().node == shop.psp


def test_a_line_that_cannot_be_read_stands_at_its_field(shop: Shop) -> None:
    form = {"name": "G", "node": shop.checkout.pk, "rate_per_minute": "100", "nodes": "nonsense"}
    answer = client_of(shop.alice).post("/integrations/new/grafana/", form)
    assert answer.status_code == 422
    assert "“nonsense” should be label = value -&gt; node." in answer.content.decode()
    assert not Integration.objects.exists()


def test_a_sample_is_tried_with_fields_that_are_not_kept_yet(shop: Shop) -> None:
    make_integration(shop, "generic")
    form = {"act": "try", "sample": '{"a": {"b": "Disk"}, "severity": "critical"}', "fields_text": "name = a.b"}
    page = client_of(shop.alice).post("/integrations/generic/", form).content.decode()
    assert "It would open or join an incident at Office wifi at once" in page
    assert not ExternalAlert.objects.exists()
    page = client_of(shop.alice).post("/integrations/generic/", {**form, "fields_text": "name = c"}).content.decode()
    assert "It could not be read: alert 1 has no name at c." in page


def test_the_routing_decides_by_label_severity_and_time(shop: Shop) -> None:
    _, key = make_integration(shop)
    client = client_of(shop.alice)
    assert client.post("/alerts/routing/", {"act": "save", "routing": ROUTING}).status_code == 302
    assert (AlertRoute.objects.count(), InhibitionRule.objects.count()) == (3, 1)
    send(key, webhook(firing("a", env="staging"), firing("b", service="checkout", severity="info"), firing("c")))
    send(key, webhook(firing("d")), at=NOON.replace(hour=23))
    found = {one.name: (one.action, one.severity, one.node.slug) for one in ExternalAlert.objects.all()}
    assert found == {
        "a": ("log", 1, "office-wifi"),
        "b": ("page", 1, "orders-db"),
        "c": ("page", 1, "office-wifi"),
        "d": ("ticket", 1, "office-wifi"),
    }
    page = client.get("/alerts/routing/").content.decode()
    assert "name: Staging" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routes: [", "This is no YAML, line 1"),
        ("routes: [{name: A}]", "routes.0.action: Field required"),
        ("routes: [{name: A, action: call}]", "routes.0.action"),
        ("routes: [{name: A, action: page, node: nope}]", "There is no node nope"),
        ("routes: [{name: A, action: page, matchers: [{label: a, op: '=~'}]}]", "compares nothing"),
        ("routes: [{name: A, action: page, days: [7]}]", "a day is 0 (Monday) to 6"),
        ("- 1", "dictionary"),
    ],
)
def test_a_routing_that_makes_no_sense_changes_nothing(shop: Shop, text: str, said: str) -> None:
    answer = client_of(shop.alice).post("/alerts/routing/", {"act": "save", "routing": text})
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert not AlertRoute.objects.exists()


def test_an_inhibited_alert_tells_nobody_until_its_cause_is_over(shop: Shop) -> None:
    _, key = make_integration(shop)
    client_of(shop.alice).post("/alerts/routing/", {"act": "save", "routing": ROUTING})
    send(
        key,
        webhook(firing("HostDown", cluster="a", severity="warning"), firing("HostDown", cluster="b", severity="info")),
    )
    send(key, webhook(firing("ClusterDown", cluster="a", severity="info")))
    host = ExternalAlert.objects.get(name="HostDown", labels__cluster="a")
    assert str(host.inhibited_by) == "ClusterDown"
    go_on(NOON + minutes(1))
    assert not Incident.objects.exists()
    send(key, webhook(firing("ClusterDown", cluster="a", severity="info", status="resolved")), at=NOON + minutes(2))
    assert Incident.objects.count() == 1


def test_a_silence_is_made_and_ended_on_the_page(shop: Shop) -> None:
    client = client_of(shop.alice)
    form = {"matchers": "service = checkout\nseverity != critical", "lasts": "2h", "reason": "deploy", "repeats": ""}
    assert client.post("/alerts/silences/", form).status_code == 302
    silence = Silence.objects.get()
    assert silence.matchers[1] == {"label": "severity", "op": "!=", "value": "critical"}
    assert "deploy" in client.get("/alerts/silences/").content.decode()
    assert client.post(f"/alerts/silences/{silence.pk}/end/").status_code == 302
    silence.refresh_from_db()
    assert silence.ended_at is not None
    assert client.post("/alerts/silences/", {**form, "matchers": "nonsense"}).status_code == 422


def test_the_list_narrows_and_pages_by_keyset(shop: Shop) -> None:
    _, key = make_integration(shop)
    words = {1: "critical", 2: "error", 3: "warning"}
    send(key, webhook(*(firing(f"A{n}", severity=words[n % 3 + 1], zone=f"z{n % 2}") for n in range(120))))
    seen: list[int] = []
    after = ""
    while True:
        told = call(shop.alice, "GET", f"/alerts?after={after}&limit=50").json()
        seen += [one["id"] for one in told["items"]]
        after = told["after"]
        if not after:
            break
    assert (len(seen), len(set(seen))) == (120, 120)
    counted = {
        query: len(call(shop.alice, "GET", f"/alerts?limit=500&{query}").json()["items"])
        for query in (
            "severity=1",
            "label=zone%3Dz1",
            "q=A11",
            "q=bad+a119",
            "state=closed",
            "quiet=loud",
            "node=psp-a",
        )
    }
    assert counted == {
        "severity=1": 40,
        "label=zone%3Dz1": 60,
        "q=A11": 11,
        "q=bad+a119": 1,
        "state=closed": 0,
        "quiet=loud": 120,
        "node=psp-a": 0,
    }
    told = call(shop.alice, "GET", "/alerts/counts").json()
    assert told == {"total": 120, "waiting": 120, "quiet": 0, "by_severity": {"1": 40, "2": 40, "3": 40}}


@pytest.mark.parametrize("query", ["state=x", "severity=9", "label=x", "after=9-9", "quiet=x", "q=%00"])
def test_a_filter_that_makes_no_sense_is_refused_by_name(shop: Shop, query: str) -> None:
    assert call(shop.alice, "GET", f"/alerts?{query}").status_code == 422
    assert client_of(shop.alice).get(f"/alerts/?{query}").status_code == 422


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


def test_the_list_takes_the_same_queries_however_long_it_is(shop: Shop) -> None:
    _, key = make_integration(shop)
    client = client_of(shop.alice)
    send(key, webhook(firing("A")))
    few = queries_of(client, "/alerts/")
    send(key, webhook(*(firing(f"B{n}") for n in range(60))), at=NOON + minutes(1))
    assert queries_of(client, "/alerts/") == few


def test_all_that_match_are_acknowledged_at_once(shop: Shop) -> None:
    _, key = make_integration(shop)
    send(key, webhook(*(firing(f"A{n}", zone=f"z{n % 2}") for n in range(80))))
    form = {"all": "1", "act": "acknowledge", "label": "zone=z1"}
    assert client_of(shop.alice).post("/alerts/act/", form).status_code == 302
    assert ExternalAlert.objects.filter(state="acknowledged").count() == 40


def test_the_api_makes_integrations_silences_and_routing(shop: Shop) -> None:
    new = {"slug": "am", "name": "AM", "kind": "alertmanager", "node": "checkout"}
    assert call(shop.charlie, "POST", "/integrations", **new).status_code == 403
    made = call(shop.alice, "POST", "/integrations", **new)
    assert made.status_code == 201
    assert call(shop.alice, "POST", "/integrations", **new).status_code == 422
    key = made.json()["url"].rpartition("/")[2]
    assert send(key, webhook(firing()), at=now()).status == 200
    again = call(shop.alice, "POST", "/integrations/am/rotate").json()["url"]
    assert again != made.json()["url"]
    matchers = [{"label": "a", "op": "=", "value": "b"}]
    silence = call(shop.alice, "POST", "/silences", matchers=matchers, reason="x", ends_at="2999-01-01T00:00:00Z")
    assert silence.status_code == 422
    routes = {"routes": [{"name": "A", "action": "log"}], "inhibitions": []}
    assert call(shop.alice, "PUT", "/alert-routing", **routes).status_code == 204
    assert call(shop.alice, "GET", "/alert-routing").json()["routes"][0]["name"] == "A"
    ids = {"ids": [the_alert().pk]}
    assert call(shop.alice, "POST", "/alerts/end", **ids).json() == {"changed": 1}


@pytest.mark.parametrize("path", ["/in/{key}", "/in/{key}/", "/in/{key}/api/v2/alerts", "/in/{key}/v2/enqueue"])
def test_the_web_process_takes_what_the_intake_takes(shop: Shop, path: str) -> None:
    _, key = make_integration(shop)
    answer = Client().post(path.format(key=key), webhook(firing()), content_type="application/json")
    assert answer.status_code == 200
    assert AlertDelivery.objects.count() == 1


def test_the_routing_key_of_pagerduty_is_the_key(shop: Shop) -> None:
    _, key = make_integration(shop, "pagerduty")
    event = {"event_action": "trigger", "payload": {"summary": "s", "source": "x", "severity": "critical"}}
    answer = Client().post("/v2/enqueue", {"routing_key": key, **event}, content_type="application/json")
    assert answer.status_code == 202
    dedup = answer.json()["dedup_key"]
    go_on(now())
    assert the_alert().state == "open"
    end = {"routing_key": key, "event_action": "resolve", "dedup_key": dedup}
    assert Client().post("/v2/enqueue", end, content_type="application/json").status_code == 202
    go_on(now())
    assert the_alert().state == "closed"


def test_a_body_past_the_limit_is_refused(shop: Shop) -> None:
    _, key = make_integration(shop)
    answer = Client().post(f"/in/{key}", b"x" * (LONGEST_BODY + 1), content_type="application/json")
    assert answer.status_code == 413
    assert not AlertDelivery.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=FUZZ_EXAMPLES)
@given(
    body=st.binary(max_size=200)
    | st.text().map(lambda text: json.dumps({"title": text, "alerts": [{"labels": {text: text}}]}).encode())
    | st.text().map(lambda text: json.dumps([{"labels": {"alertname": text}, "endsAt": text}]).encode()),
    header=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
)
def test_no_body_is_a_500_or_a_row_half_written(shop: Shop, kind: str, body: bytes, header: str) -> None:
    from stormproof.core.actor import SYSTEM
    from stormproof.respond import services

    slug = f"{kind}-fuzz"
    integration = Integration.objects.filter(slug=slug).first()
    if integration is None:
        integration, _ = make_integration(shop, kind, slug=slug, rate_per_minute=600_000)
    key = services.rotate_integration_key(integration, actor=SYSTEM, at=NOON)
    before = AlertDelivery.objects.count()
    answer = Client().generic("POST", f"/in/{key}", body, content_type="application/json", HTTP_CE_TYPE=header)
    assert answer.status_code in (200, 202, 400)
    go_on(now())
    assert AlertDelivery.objects.count() == before + 1
    assert not AlertDelivery.objects.filter(state="waiting").exists()
    assert not ExternalAlert.objects.exclude(group__isnull=False).exists()
