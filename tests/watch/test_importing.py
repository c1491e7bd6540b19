"""Monitors are taken over from other products: each shape, what is left out, again, and by every door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.watch.models import Monitor
from stormproof.watch.rules.imports import SOURCES, UnreadableImport
from stormproof.watch.services.imports import CannotImport, apply_import, import_as_document, preview_import
from stormproof.watch.services.monitors import pause_monitor, retire_monitor
from tests.people.make import person, token_of
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
KUMA: dict[str, Any] = {
    "version": "1.23.13",
    "notificationList": [{"id": 1, "name": "Slack", "config": "{}"}],
    "monitorList": [
        {
            "id": 1,
            "name": "Shop",
            "type": "keyword",
            "url": "https://shop.example/",
            "method": "GET",
            "interval": 30,
            "maxretries": 3,
            "active": True,
            "keyword": "Add to basket",
            "expiryNotification": True,
            "accepted_statuscodes": ["200-299", "302"],
            "headers": '{"X-From": "kuma"}',
            "authMethod": "basic",
            "basic_auth_user": "u",
            "basic_auth_pass": "p",
        },
        {
            "id": 2,
            "name": "API",
            "type": "json-query",
            "url": "https://shop.example/health",
            "interval": 60,
            "jsonPath": "$.db.ok",
            "expectedValue": "true",
            "active": 0,
        },
        {"id": 3, "name": "Mail", "type": "port", "hostname": "mail.shop.example", "port": 25, "interval": 60},
        {"id": 4, "name": "Import", "type": "push", "interval": 3600, "retryInterval": 60, "maxretries": 5},
        {"id": 5, "name": "Box", "type": "docker", "docker_container": "x"},
        {"id": 6, "name": "Odd", "type": "http", "url": "https://shop.example/", "upsideDown": True},
        {"id": 7, "name": "Wrong", "type": "http", "url": "ftp://shop.example/"},
        {"id": 8, "name": "Inside", "type": "http", "url": "http://10.0.0.1/"},
    ],
}
GATUS = """
alerting: {slack: {webhook-url: "https://x"}}
endpoints:
  - name: front
    group: core
    url: https://shop.example/
    interval: 1m30s
    headers: {Authorization: "${TOKEN}"}
    conditions: ["[STATUS] >= 200", "[STATUS] < 400", "[BODY].status == UP", "[RESPONSE_TIME] < 500",
      "[CERTIFICATE_EXPIRATION] > 48h", "len([BODY].items) > 3", "[BODY] == pat(*basket*)"]
    alerts: [{type: slack}]
  - {name: some, url: "https://shop.example/a", conditions: ["[STATUS] == any(200, 429)"]}
  - {name: mail, url: "tcp://mail.shop.example:25", conditions: ["[CONNECTED] == true"], enabled: false}
  - {name: game, url: "sctp://shop.example:1"}
external-endpoints:
  - {name: nightly, group: jobs, token: t, heartbeat: {interval: 24h}}
"""
BLACKBOX = """
modules:
  shop: {prober: http, http: {valid_status_codes: [200, 204], fail_if_body_not_matches_regexp: ["Add to basket", "a+b"],
    follow_redirects: false, basic_auth: {username: u, password: p}}}
  smtp: {prober: tcp, tcp: {query_response: [{expect: "^220"}, {send: "EHLO x"}]}}
  secure: {prober: tcp, tcp: {tls: true}}
  idle: {prober: icmp}
global: {scrape_interval: 15s}
scrape_configs:
  - {job_name: pages, params: {module: [shop]}, static_configs: [{targets: [shop.example, "https://shop.example/a"]}]}
  - {job_name: mail, scrape_interval: 1m, params: {module: [smtp]}, static_configs: [{targets: ["mx.shop.example:25"]}]}
  - {job_name: certs, params: {module: [secure]}, static_configs: [{targets: ["shop.example:8443"]}],
     file_sd_configs: [{files: [x.json]}]}
  - {job_name: gone, params: {module: [missing]}, static_configs: [{targets: [shop.example]}]}
  - {job_name: node, static_configs: [{targets: ["localhost:9100"]}]}
"""
CHECKS = {
    "checks": [
        {
            "name": "Database Backup",
            "slug": "database-backup",
            "grace": 1200,
            "status": "up",
            "schedule": "15 5 * * *",
            "tz": "Europe/Berlin",
            "uuid": "803f680d-e89b-492b-82ef-2be7b774a92d",
            "channels": "1bdea468",
            "methods": "POST",
        },
        {
            "name": "Files",
            "grace": 600,
            "timeout": 3600,
            "status": "paused",
            "ping_url": "https://hc-ping.com/31365bce-8da9-4729-8ff3-aaa71d56b712",
            "start_kw": "START",
            "success_kw": "SUCCESS, done",
            "failure_kw": "ERROR",
            "filter_subject": True,
        },
        {"name": "Old", "unique_key": "a6c7b0a8", "grace": 60, "timeout": 60, "status": "new"},
    ]
}


def rows_of(source: str, text: str) -> dict[str, Any]:
    return {row.name: row for row in preview_import(source, text, on="shop", actor=SYSTEM).rows}


@pytest.fixture
def _shop() -> None:
    make_node("shop")


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_an_uptime_kuma_backup() -> None:
    report = preview_import("uptime-kuma", json.dumps(KUMA), on="shop", actor=SYSTEM)
    rows = {row.name: row for row in report.rows}
    assert {name: row.outcome for name, row in rows.items()} == {
        **dict.fromkeys(("Shop", "Shop certificate", "API", "Mail", "Import"), "create"),
        **dict.fromkeys(("Box", "Odd", "Wrong", "Inside"), "refused"),
    }
    assert rows["Shop"].settings == {
        "name": "Shop",
        "on": "shop",
        "kind": "http",
        "every": "30s",
        "url": "https://shop.example/",
        "headers": {"X-From": "kuma", "Authorization": "Basic dTpw"},
        "expect": {"status": "200-299, 302", "contains": "Add to basket"},
    }
    assert rows["Shop"].notes == ["a failure is confirmed by one second try, not by retries"]
    assert rows["Shop certificate"].settings["host"] == "shop.example"
    assert (rows["API"].settings["expect"]["json"], rows["API"].settings["paused"]) == ({"db.ok": True}, True)
    assert (rows["Import"].settings["period"], rows["Import"].kind) == ("1h", "heartbeat")
    assert rows["Box"].problem.startswith("watch the container's port")
    assert rows["Odd"].problem.startswith("upside down")
    assert rows["Wrong"].problem == "url: this is not a web address: write http://... or https://..."
    assert rows["Inside"].problem.startswith("url: ")
    assert [(left.what, left.name) for left in report.left_out] == [("notification", "Slack")]
    assert Monitor.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_the_monitor_list_of_uptime_kuma_2() -> None:
    listed = {"monitorList": {str(row["id"]): row for row in KUMA["monitorList"][:3]}}
    assert [row.slug for row in preview_import("uptime-kuma", json.dumps(listed), on="shop", actor=SYSTEM).rows] == [
        "shop",
        "shop-certificate",
        "api",
        "mail",
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_a_gatus_configuration() -> None:
    rows = rows_of("gatus", GATUS)
    assert rows["core front"].settings == {
        "name": "core front",
        "on": "shop",
        "kind": "http",
        "every": "90s",
        "url": "https://shop.example/",
        "headers": {"Authorization": "env:TOKEN"},
        "expect": {"status": "200-399", "json": {"status": "UP"}, "faster_than": "500ms", "contains": ["basket"]},
    }
    assert rows["core front"].notes == [
        "the condition 'len([BODY].items) > 3' is not taken over",
        "its alerts are not taken over",
    ]
    assert rows["core front certificate"].settings["warn_before"] == "2d"
    assert rows["some"].settings["expect"] == {"status": "200,429"}
    assert (rows["mail"].settings["port"], rows["mail"].settings["paused"]) == (25, True)
    assert rows["game"].problem == "there is no kind of monitor for 'sctp' here"
    assert rows["jobs nightly"].settings["kind"] == "heartbeat"


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_a_blackbox_configuration() -> None:
    report = preview_import("blackbox", BLACKBOX, on="shop", actor=SYSTEM)
    rows = {row.name: row for row in report.rows}
    assert rows["pages shop.example"].settings == {
        "name": "pages shop.example",
        "on": "shop",
        "kind": "http",
        "every": "15s",
        "url": "http://shop.example",
        "headers": {"Authorization": "Basic dTpw"},
        "follow_redirects": False,
        "expect": {"status": "200, 204", "contains": ["Add to basket"]},
    }
    assert len(rows["pages shop.example"].notes) == 1
    assert rows["mail mx.shop.example:25"].settings["greeting"] == "220"
    assert (rows["certs shop.example:8443"].kind, rows["certs shop.example:8443"].settings["port"]) == ("tls", 8443)
    assert rows["gone shop.example"].problem == "the module missing is not in the file"
    assert [(left.what, left.name) for left in report.left_out] == [
        ("targets", "certs: file_sd_configs"),
        ("scrape job", "node"),
        ("module", "idle"),
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_the_checks_of_healthchecks_keep_their_addresses() -> None:
    report = apply_import("healthchecks", json.dumps(CHECKS), on="shop", actor=SYSTEM, at=AT)
    assert [row.outcome for row in report.rows] == ["create"] * 3
    backup = Monitor.objects.get(slug="database-backup")
    assert backup.config == {"schedule": "15 5 * * *", "timezone": "Europe/Berlin", "grace": "20m", "accepts": "post"}
    assert Client().post("/ping/803f680d-e89b-492b-82ef-2be7b774a92d").status_code == 200
    files = Monitor.objects.get(slug="files")
    assert (str(files.ping_key), files.enabled) == ("31365bce-8da9-4729-8ff3-aaa71d56b712", False)
    assert files.config["done_words"] == ["SUCCESS", "done"]
    assert report.rows[2].notes == ["the file has no address (a read-only key): the job must ping the new one"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_the_same_file_again_changes_nothing_and_a_newer_one_what_it_says() -> None:
    make_monitor("mail")
    text = json.dumps(KUMA)
    assert apply_import("uptime-kuma", text, on="shop", actor=SYSTEM, at=AT).count("create") == 5
    assert Monitor.objects.filter(slug="mail-2").exists()
    before = list(Monitor.objects.order_by("id").values())
    again = apply_import("uptime-kuma", text, on="shop", actor=SYSTEM, at=AT)
    assert (again.count("same"), again.count("create", "change")) == (5, 0)
    assert list(Monitor.objects.order_by("id").values()) == before
    newer = json.dumps({"monitorList": [{**KUMA["monitorList"][2], "port": 587, "name": "Submission"}]})
    changed = apply_import("uptime-kuma", newer, on="shop", actor=SYSTEM, at=AT)
    assert [(row.slug, row.outcome, row.fields) for row in changed.rows] == [("mail-2", "change", ["name", "port"])]
    told = FactRecord.objects.filter(name="MonitorsImported").order_by("id").values_list("payload__created", flat=True)
    assert list(told) == [5, 0, 0]


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_what_was_paused_or_retired_here_stays_so() -> None:
    text = json.dumps({"monitorList": KUMA["monitorList"][2:4]})
    apply_import("uptime-kuma", text, on="shop", actor=SYSTEM, at=AT)
    pause_monitor(Monitor.objects.get(slug="mail"), actor=SYSTEM, at=AT)
    retire_monitor(Monitor.objects.get(slug="import"), actor=SYSTEM, at=AT)
    assert [row.outcome for row in apply_import("uptime-kuma", text, on="shop", actor=SYSTEM, at=AT).rows] == [
        "same",
        "retired",
    ]
    assert Monitor.objects.get(slug="mail").enabled is False


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        ("nagios", "{}", "'nagios' cannot be read"),
        ("uptime-kuma", "{", "this is not JSON"),
        ("uptime-kuma", "[" * 100_000, "nested too deeply"),
        ("uptime-kuma", json.dumps(CHECKS), "no Uptime Kuma backup"),
        ("uptime-kuma", " " * 2_000_001, "more than 2,000,000 bytes"),
        ("gatus", "a: &a [x]\nendpoints: [*a]", "line 1"),
        ("gatus", "endpoints: !!python/object:os.system x", "line 1"),
        ("gatus", "x: 1", "no Gatus configuration"),
        ("blackbox", "modules: {}", "no scrape_configs"),
        ("healthchecks", "[]", "no list of checks"),
        ("healthchecks", json.dumps({"checks": [{"name": str(each)} for each in range(2001)]}), "more than 2,000"),
    ],
)
def test_junk_is_refused_and_changes_nothing(source: str, text: str, words: str) -> None:
    with pytest.raises(CannotImport) as refused:
        apply_import(source, text, on="shop", actor=SYSTEM, at=AT)
    assert words in refused.value.message
    assert Monitor.objects.count() == 0


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["http", "http://[", "x:99999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    *("type", "url", "hostname", "port", "interval", "headers", "keyword", "jsonPath", "accepted_statuscodes", "name"),
    *(
        "conditions",
        "dns",
        "client",
        "group",
        "targets",
        "module",
        "prober",
        "http",
        "tcp",
        "grace",
        "schedule",
        "uuid",
    ),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=8), max_size=3)


@given(ROWS, st.sampled_from(["http", "keyword", "port", "json-query", "push", "ping"]))
def test_any_row_is_read_or_has_its_problem(rows: list[dict[str, Any]], kind: str) -> None:
    shapes = {
        "uptime-kuma": {"monitorList": [{**row, "type": kind} for row in rows]},
        "gatus": {"endpoints": rows, "external-endpoints": rows},
        "blackbox": {
            "modules": {"m": rows[0] if rows else {}},
            "scrape_configs": [{"params": {"module": ["m"]}, "static_configs": rows}],
        },
        "healthchecks": {"checks": rows},
    }
    for source, data in shapes.items():
        try:
            reading = SOURCES[source].read(data)
        except UnreadableImport:
            continue
        assert all(found.problem or found.settings.get("kind") for found in reading.monitors)


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_what_can_be_taken_over_as_a_section_of_the_file() -> None:
    text = import_as_document("gatus", GATUS, on="shop", actor=SYSTEM)
    assert text.startswith(
        "monitors:\n  core-front:\n    name: core front\n    on: shop\n    every: 90s\n    kind: http\n"
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_the_page_shows_the_report_first_and_then_does_it() -> None:
    alice = client_of("alice")
    assert alice.get("/imports/").status_code == 200
    form = {"source": "uptime-kuma", "on": "shop", "text": json.dumps(KUMA)}
    page = alice.post("/imports/", form).content.decode()
    assert "Take over 5 monitors" in page
    assert "upside down" in page
    assert Monitor.objects.count() == 0
    assert "5 set up, 0 changed, 4 refused" in alice.post("/imports/", {**form, "act": "apply"}).content.decode()
    assert Monitor.objects.count() == 5
    assert alice.post("/imports/", {**form, "text": "{"}).status_code == 422
    assert alice.post("/imports/", {**form, "text": ""}).status_code == 422
    assert client_of("bob").get("/imports/").status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("_shop")
def test_the_same_through_the_api() -> None:
    raw, client = token_of(person("responder"), "watch.write"), Client()
    headers = {"Authorization": f"Bearer {raw}"}
    body = {"text": GATUS, "on": "shop"}
    answer = client.post("/api/v1/imports/gatus", body, "application/json", headers=headers).json()
    assert (answer["is_applied"], len(answer["rows"]), answer["left_out"][0]["what"]) == (False, 6, "alerting")
    assert Monitor.objects.count() == 0
    client.post("/api/v1/imports/gatus", {**body, "apply": True}, "application/json", headers=headers)
    assert Monitor.objects.count() == 5
    wrong = client.post("/api/v1/imports/gatus", {**body, "on": "no"}, "application/json", headers=headers)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "on")
