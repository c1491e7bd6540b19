"""Journeys: what may be said of one, what is kept of each walk, and who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stormproof.core.actor import SYSTEM
from stormproof.engine.probe.outcome import File
from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.models import Monitor, Walk, WalkFile
from stormproof.watch.rules import Sighting
from stormproof.watch.selectors import waterfall_of
from stormproof.watch.services import walks
from stormproof.watch.services.monitors import create_monitor, describe_settings
from stormproof.watch.services.observations import record_sightings
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

AT = datetime.now(UTC).replace(microsecond=0)
STEPS = [
    {"name": "Product", "url": "/tent", "take": {"token": {"css": "input[name=csrf]", "attribute": "value"}}},
    {"name": "Pay", "url": "/pay", "form": {"csrf": "{{token}}", "card": "{{card}}"}, "expect": {"contains": "Thanks"}},
]
SETTINGS: dict[str, Any] = {
    "kind": "journey",
    "on": "shop",
    "start": "https://shop.example",
    "secrets": {"card": "4111-1111"},
    "steps": STEPS,
}
JOURNEY = {key: value for key, value in SETTINGS.items() if key not in ("kind", "on")}


def walked(monitor: Monitor, at: datetime, *, ok: bool = True, files: tuple[File, ...] = ()) -> Sighting:
    steps = [{"name": "Product", "ok": True, "start_ms": 0.0, "ms": 25.0, "status": 200}]
    steps.append({"name": "Pay", "ok": ok, "start_ms": 25.0, "ms": 75.0})
    return Sighting(
        monitor_id=monitor.pk,
        version=monitor.version,
        at=at,
        since=at,
        ok=ok,
        confirmed=True,
        reason="" if ok else "Pay: answered 503, expected 200-299",
        total_ms=100.0,
        steps=steps,
        about={"order": "100123"},
        files=files,
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"steps": []}, "steps: List should have at least 1 item after validation, not 0"),
        ({"start": "shop.example"}, "start: this is not a web address: write http://... or https://..."),
        ({"within": "2m"}, "within: a journey of 120 s cannot begin again every 60 s"),
        ({"every": "5s", "within": "1s"}, "every: Input should be greater than or equal to 10"),
        ({"values": {"a": "{{b}}"}}, "values: {{b}} is not known there; only secrets and {{run}} are"),
        ({"values": {"run": "x"}}, "values: 'run' is given by Stormproof itself; choose another name"),
        ({"values": {"a b": "x"}}, "values: 'a b' is not a name: use letters, digits and _, such as order_number"),
        (
            {"steps": [{"url": "/a/{{nobody}}"}]},
            "steps.0: nothing gives {{nobody}} before it is used; known are card, run",
        ),
        ({"steps": [{"url": "/a", "form": {"a": "b"}, "body": "c"}]}, "steps.0: a step sends a form, json or a body"),
        (
            {"steps": [{"url": "/a", "take": {"x": {}}}]},
            "steps.0.take.x: say one of json, regex",
        ),
        ({"secrets": {"card": "env:STORMPROOF_SECRET_KEY"}}, "secrets: a monitor may not read Stormproof's own"),
    ],
)
def test_settings_that_cannot_be_walked_are_refused_with_their_place(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({**SETTINGS, **change})
    field, message = wrong.value.problems[0]
    assert (f"{field.replace('journey.', '')}: {message}" if field else message).startswith(problem)


@pytest.mark.django_db
def test_secrets_are_sealed_and_come_back_as_they_were() -> None:
    make_node("shop")
    steps = [{"url": "/", "headers": {"Authorization": "Bearer 9", "X-Plain": "1"}}, *STEPS]
    monitor = create_monitor("buy", settings=read_settings({**SETTINGS, "steps": steps}), actor=SYSTEM, at=AT)
    stored = str(Monitor.objects.get(pk=monitor.pk).config)
    assert "4111-1111" not in stored
    assert "Bearer 9" not in stored
    assert "X-Plain" in stored
    said = describe_settings(monitor)
    assert said["secrets"] == {"card": "4111-1111"}
    assert said["steps"][0]["headers"] == {"Authorization": "Bearer 9", "X-Plain": "1"}
    assert "4111-1111" not in str(Monitor.objects.get(pk=monitor.pk).config)


@pytest.mark.django_db
def test_a_step_may_not_name_an_address_that_is_not_allowed() -> None:
    make_node("shop")
    steps = [*STEPS, {"url": "http://169.254.169.254/latest"}]
    with pytest.raises(WrongSettings) as wrong:
        create_monitor("buy", settings=read_settings({**SETTINGS, "steps": steps}), actor=SYSTEM, at=AT)
    assert wrong.value.problems[0][0] == "steps.2.url"
    assert not Monitor.objects.filter(slug="buy").exists()


@pytest.mark.django_db
def test_a_walk_is_kept_once_with_the_sighting_it_belongs_to() -> None:
    monitor = make_monitor("buy", kind="journey", config=JOURNEY)
    file = File(name="screenshot.jpg", media_type="image/jpeg", body=b"jpg")
    seen = [walked(monitor, AT - timedelta(minutes=1)), walked(monitor, AT, ok=False, files=(file,))]
    record_sightings(seen, at=AT)
    record_sightings(seen, at=AT)
    assert list(Walk.objects.order_by("at").values_list("ok", "reason", "total_ms")) == [
        (True, "", 100.0),
        (False, "Pay: answered 503, expected 200-299", 100.0),
    ]
    assert list(WalkFile.objects.values_list("name", "walk__ok")) == [("screenshot.jpg", False)]
    monitor.refresh_from_db()
    assert (monitor.state, monitor.reason) == ("down", "Pay: answered 503, expected 200-299")


@pytest.mark.django_db
def test_old_walks_go_and_failed_ones_stay_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "MOST_FAILED", 3)
    monkeypatch.setattr(walks, "MOST_WITH_FILES", 2)
    monitor, other = (make_monitor(kind="journey", config=JOURNEY) for _ in range(2))
    file = File(name="requests.har", media_type="application/json", body=b"{}")
    for days in (1, 3):
        walks.keep_walks([walked(monitor, AT - timedelta(days=days))])
    for days in (1, 5, 6, 7, 31):
        walks.keep_walks([walked(monitor, AT - timedelta(days=days, hours=1), ok=False, files=(file,))])
    walks.keep_walks([walked(other, AT - timedelta(days=8), ok=False, files=(file,))])
    assert walks.drop_old_walks(at=AT) > 0
    left = Walk.objects.filter(monitor=monitor).order_by("-at").values_list("ok", flat=True)
    assert list(left) == [True, False, False, False]
    assert WalkFile.objects.filter(walk__monitor=monitor).count() == 2
    assert WalkFile.objects.filter(walk__monitor=other).count() == 1


def test_steps_stand_in_a_waterfall_as_shares_of_the_whole() -> None:
    steps: list[dict[str, Any]] = [{"name": "A", "ok": True, "start_ms": 0, "ms": 30, "status": 200}]
    steps.append({"name": "B", "ok": False, "start_ms": 30, "ms": 90, "reason": "no"})
    bars = waterfall_of(steps)
    assert [(bar.name, bar.start, bar.width) for bar in bars] == [("A", 0, 25), ("B", 25, 75)]
    assert waterfall_of([]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_see_walks_and_what_they_left(name: str, status: int) -> None:
    monitor = make_monitor("buy", kind="journey", config=JOURNEY)
    make_monitor("other", kind="journey", config=JOURNEY)
    file = File(name="screenshot.jpg", media_type="image/jpeg", body=b"jpg")
    record_sightings([walked(monitor, AT, ok=False, files=(file,))], at=AT)
    walk = Walk.objects.get()
    client = client_of(name)
    base = f"/monitors/buy/walks/{walk.pk}/"
    for page in ("/monitors/buy/", "/monitors/buy/walks/", base, f"{base}screenshot.jpg", "/api/v1/monitors/buy/walks"):
        assert client.get(page).status_code == status, page
    assert client.get(f"/monitors/other/walks/{walk.pk}/screenshot.jpg").status_code == 404
    assert client.get(f"{base}etc-passwd").status_code == 404


@pytest.mark.django_db
def test_the_page_shows_the_step_that_failed_and_the_screen() -> None:
    monitor = make_monitor("buy", kind="journey", config=JOURNEY)
    file = File(name="screenshot.jpg", media_type="image/jpeg", body=b"jpg")
    record_sightings([walked(monitor, AT, ok=False, files=(file,)), walked(monitor, AT + timedelta(seconds=5))], at=AT)
    text = client_of("bob").get("/monitors/buy/").content.decode()
    assert "Last failure" in text
    assert "Pay: answered 503, expected 200-299" in text
    assert "screenshot.jpg" in text
    assert "100123" in text
    assert 'width="75.0"' in text


@pytest.mark.django_db
def test_the_list_of_walks_costs_the_same_for_one_and_for_forty() -> None:
    monitor = make_monitor("buy", kind="journey", config=JOURNEY)
    client, counts = client_of("bob"), []
    for number in (1, 40):
        walks.keep_walks([walked(monitor, AT - timedelta(minutes=back)) for back in range(number)])
        client.get("/monitors/buy/walks/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/monitors/buy/walks/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_a_journey_is_set_up_in_the_console_and_steps_that_cannot_be_read_keep_what_was_typed() -> None:
    make_node("shop")
    alice = client_of("alice")
    form = {"name": "Buy", "on": "shop", "start": "https://shop.example", "every": "1m", "within": "20s"}
    steps = "- {name: Product, url: /tent}\n- {name: Pay, url: /pay"
    page = alice.post("/monitors/new/journey/", {**form, "steps": steps})
    assert page.status_code == 422
    assert "line 2: " in page.content.decode()
    assert "name: Pay, url: /pay" in page.content.decode()
    assert not Monitor.objects.filter(slug="buy").exists()
    assert alice.post("/monitors/new/journey/", {**form, "steps": f"{steps}}}"}).status_code == 302
    monitor = Monitor.objects.get(slug="buy")
    assert [step["url"] for step in monitor.config["steps"]] == ["/tent", "/pay"]
    assert (monitor.interval_seconds, monitor.config["within"]) == (60, "20s")
    assert "url: /pay" in alice.get("/monitors/buy/edit/").content.decode()
