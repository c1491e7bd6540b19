"""The sample shop's continuity.yaml, filled in for some ports, is a document without faults. Needs no shop."""

from __future__ import annotations

import importlib
import ipaddress
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stormproof.business.services.document import apply_document, plan_of
from stormproof.core.clock import now
from stormproof.core.env import env
from tests.examples.shop import SUPERVISE
from tests.rehearse.make import make_actor

pytestmark = pytest.mark.django_db
THOSE_WHO_ASK = (
    "stormproof.watch.services.monitors",
    "stormproof.recover.kinds.databases",
    "stormproof.recover.kinds.haproxy",
    "stormproof.recover.kinds.http",
    "stormproof.recover.kinds.wait_until",
)


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    allowed = replace(env, allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    for name in THOSE_WHO_ASK:
        monkeypatch.setattr(importlib.import_module(name), "env", allowed)
    names = ("keeper", "replicator", "shop", "stormproof", "django", "ops")
    (tmp_path / "secrets.json").write_text(json.dumps(dict.fromkeys(names, "00112233")))
    command = [sys.executable, str(SUPERVISE), "yaml", "--data", str(tmp_path), "--port-base", "8480"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_applies_and_then_nothing_is_left_to_change(text: str) -> None:
    assert "${" not in text
    found = plan_of(text)
    assert found.count("add") >= 45
    apply_document(text, door="command", actor=make_actor("Alice"), at=now())
    assert plan_of(text).entries == []


def test_it_models_at_least_twelve_functions_and_assets(text: str) -> None:
    entries = [entry for entry in plan_of(text).entries if entry.section in ("functions", "assets")]
    assert len(entries) >= 12
