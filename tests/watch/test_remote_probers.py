"""Probers that have no database: what their token opens, what they are given, and how often what they bring counts."""

from __future__ import annotations

import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from stormproof.core.actor import NOBODY, SYSTEM, NotAllowed
from stormproof.core.secrets import CannotOpenSecret, open_with_token, seal_with_token
from stormproof.watch.kinds import config_of, read_settings
from stormproof.watch.models import Location, Monitor, Observation, Place, Prober, ProberToken, SightingBatch
from stormproof.watch.services.remote import (
    CannotIssueProberToken,
    forget_old_batches,
    issue_prober_token,
    revoke_prober_token,
)
from tests.watch.make import make_monitor
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def token_of(location: str) -> str:
    return issue_prober_token(name=f"vm in {location}", location=location, actor=SYSTEM, at=NOW)[1]


def send(raw: str, method: str, path: str, data: Any = None, **about: Any) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    headers = {"authorization": f"Bearer {raw}"} | about.pop("headers", {})
    return Client().generic(method, f"/api/v1{path}", data=body, content_type="application/json", headers=headers)


def sighting(monitor: Monitor, *, seconds: float = 0, ok: bool = True) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    return {
        "monitor_id": monitor.pk,
        "version": 1,
        "at": at,
        "since": at,
        "ok": ok,
        "confirmed": True,
        "total_ms": 12.5,
    }


def batch_of(*sightings: dict[str, Any], batch: str = "") -> dict[str, Any]:
    return {"batch": batch or str(uuid.uuid4()), "instance": "vm-1", "sightings": list(sightings)}


def test_plans_are_those_of_the_place_and_sealed_for_its_token() -> None:
    settings = {"kind": "sql", "on": "-", "url": "postgresql://r:secret@db.example/shop", "query": "SELECT 1"}
    config = config_of(read_settings(settings))
    everywhere = make_monitor(kind="sql", config=config)
    make_monitor(locations=["berlin"])
    only_oslo = make_monitor(locations=["oslo"])
    raw = token_of("oslo")
    answer = send(raw, "GET", "/probers/plans")
    assert "secret" not in answer.content.decode()
    plans = answer.json()
    assert [plan["monitor_id"] for plan in plans] == [everywhere.pk, only_oslo.pk]
    assert json.loads(open_with_token(plans[0]["sealed"], raw))["url"] == "postgresql://r:secret@db.example/shop"
    with pytest.raises(CannotOpenSecret):
        open_with_token(plans[0]["sealed"], token_of("oslo"))


def test_a_token_opens_nothing_else_and_nothing_when_it_is_revoked() -> None:
    raw = token_of("oslo")
    assert send(raw, "GET", "/monitors").status_code == 401
    assert send("sp_nonsense", "GET", "/probers/plans").status_code == 401
    assert client_of("alice").get("/api/v1/probers/plans").status_code == 401
    revoke_prober_token(ProberToken.objects.get(), actor=SYSTEM, at=NOW)
    assert send(raw, "GET", "/probers/plans").status_code == 401


def test_a_lease_says_who_shares_and_when_plans_change() -> None:
    raw = token_of("oslo")
    first = send(raw, "POST", "/probers/lease", {"instance": "vm-1", "sight": "green"}).json()
    second = send(raw, "POST", "/probers/lease", {"instance": "vm-2"}).json()
    assert (second["alive"], second["location"], second["is_proven"]) == (["vm-1", "vm-2"], "oslo", True)
    assert second["plans"] == first["plans"]
    make_monitor()
    assert send(raw, "POST", "/probers/lease", {"instance": "vm-1"}).json()["plans"] != first["plans"]
    assert Prober.objects.filter(is_remote=True, location="oslo").count() == 2
    assert send(raw, "DELETE", "/probers/lease/vm-2").status_code == 204
    assert [prober.instance for prober in Prober.objects.all()] == ["vm-1@oslo"]
    assert send(raw, "POST", "/probers/lease", {"instance": "x" * 200}).status_code == 422
    assert Location.objects.get().name == "oslo"


def test_a_batch_is_stored_before_the_answer_and_counts_once() -> None:
    monitor = make_monitor()
    raw = token_of("oslo")
    batch = batch_of(sighting(monitor, seconds=2), sighting(monitor))
    packed = gzip.compress(json.dumps(batch).encode())
    for counted, was_known in ((2, False), (0, True)):
        answer = send(raw, "POST", "/probers/sightings", packed, headers={"content-encoding": "gzip"})
        assert (answer.status_code, answer.json()) == (200, {"counted": counted, "was_known": was_known})
    monitor.refresh_from_db()
    assert (monitor.state, Observation.objects.count(), Place.objects.get().location) == ("up", 2, "oslo")
    assert forget_old_batches(at=NOW + timedelta(days=2)) == 1


def test_what_the_place_does_not_look_at_is_left_out_and_the_future_is_now() -> None:
    mine, other = make_monitor(locations=["oslo"]), make_monitor(locations=["berlin"])
    batch = batch_of(sighting(mine, seconds=-3600), sighting(other))
    assert send(token_of("oslo"), "POST", "/probers/sightings", batch).json()["counted"] == 1
    mine.refresh_from_db()
    assert mine.last_at is not None
    assert mine.last_at <= datetime.now(UTC)
    assert not Place.objects.filter(monitor=other).exists()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 422),
        (b'{"batch": "x", "sightings": []}', {}, 422),
        (b"not gzip", {"content-encoding": "gzip"}, 422),
        (gzip.compress(b"{}")[:-4], {"content-encoding": "gzip"}, 413),
        (gzip.compress(b" " * (9 * 1024 * 1024)), {"content-encoding": "gzip"}, 413),
        (b'{"batch": "6f0f2c1e-8c7a-4c6e-9d0e-0d5c1f1f4a11", "sightings": [{"monitor_id": 0}]}', {}, 422),
    ],
    ids=["no JSON", "no batch", "no gzip", "cut short", "a bomb", "no monitor"],
)
def test_a_body_that_cannot_be_used_is_refused_and_leaves_nothing(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    assert send(token_of("oslo"), "POST", "/probers/sightings", body, headers=headers).status_code == status
    assert not SightingBatch.objects.exists()


def test_who_may_issue_and_revoke() -> None:
    alice, bob = client_of("alice"), client_of("bob")
    body = json.dumps({"name": "vm", "location": "oslo"})
    made = alice.post("/api/v1/prober-tokens", body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["token"].startswith("spp_")
    assert "token" not in alice.get("/api/v1/prober-tokens").json()["items"][0]
    assert bob.post("/api/v1/prober-tokens", body, content_type="application/json").status_code == 403
    assert bob.delete(f"/api/v1/prober-tokens/{made.json()['id']}").status_code == 404
    assert alice.delete(f"/api/v1/prober-tokens/{made.json()['id']}").status_code == 204
    with pytest.raises(CannotIssueProberToken):
        issue_prober_token(name="vm", location="Not A Place", actor=SYSTEM, at=NOW)
    with pytest.raises(NotAllowed):
        issue_prober_token(name="vm", location="oslo", actor=NOBODY, at=NOW)


def test_a_seal_is_for_one_token() -> None:
    assert open_with_token(seal_with_token("a", "one"), "one") == "a"
    with pytest.raises(CannotOpenSecret):
        open_with_token(seal_with_token("a", "one"), "two")
