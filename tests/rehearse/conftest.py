"""A part to break, on this machine, which the installation may reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

import pytest

from stormproof.core.env import env
from stormproof.recover.kinds import databases, http, wait_until
from stormproof.rehearse.services import crowd
from tests.rehearse.make import Part, serving


@pytest.fixture(autouse=True)
def _loopback_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = replace(env, allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    for module in (databases, http, wait_until, crowd):
        monkeypatch.setattr(module, "env", allowed)


@pytest.fixture
def part() -> Iterator[Part]:
    with serving(Part()) as found:
        yield found
