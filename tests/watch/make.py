"""Monitors for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from stormproof.business.models import Node
from stormproof.watch.models import Monitor

_numbers = count(1)


def make_node(slug: str = "", **about: Any) -> Node:
    slug = slug or f"node-{next(_numbers)}"
    plain = {"name": slug, "kind": "asset", "added_at": datetime.now(UTC)}
    return Node.objects.create(slug=slug, **{**plain, **about})


def make_monitor(slug: str = "", **about: Any) -> Monitor:
    slug = slug or f"monitor-{next(_numbers)}"
    plain: dict[str, Any] = {
        "name": slug,
        "kind": "http",
        "config": {"url": "https://shop.example/"},
        "interval_seconds": 5,
        "state_since": datetime.now(UTC) - timedelta(days=1),
    }
    if "node" not in about:
        plain["node"] = make_node()
    return Monitor.objects.create(slug=slug, **{**plain, **about})
