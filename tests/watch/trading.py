"""A shop that trades: payment attempts by two providers over the last weeks, for tests of signals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from stormproof.watch.kinds.signal.sources import Row
from stormproof.watch.models import Monitor
from stormproof.watch.services.signals.counting import note_reading, put_counts, roll_up_history
from tests.watch.make import make_monitor, make_node

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HARBOUR, NORTHWIND = 1.2, 0.8  # attempts a minute of each provider


def make_signal(slug: str = "payments", **config: Any) -> Monitor:
    settings = {"source": {"type": "push"}, "counts": "attempts", "order_value": 60.0, **config}
    node = make_node(f"{slug}-node", name="Payments")
    return make_monitor(slug, kind="signal", config=settings, node=node, interval_seconds=60)


def trade(
    monitor: Monitor, *, until: datetime, minutes: int, seed: int = 1, harbour: float = 0.92, northwind: float = 0.92
) -> None:
    """Attempts of `minutes` minutes before `until`, each provider's succeeding with its own probability."""
    random = np.random.default_rng(seed)
    start = until - minutes * MINUTE
    rows = []
    for name, rate, share in (("harbour", HARBOUR, harbour), ("northwind", NORTHWIND, northwind)):
        totals = random.poisson(rate, minutes)
        goods = random.binomial(totals, share)
        rows += [
            Row(at=start + place * MINUTE, total=int(total), good=int(good), labels={"provider": name})
            for place, (total, good) in enumerate(zip(totals, goods, strict=True))
            if total
        ]
    put_counts(monitor, rows, since=start, until=until)
    note_reading(monitor, since=start, until=until, at=until)


def make_trading_signal(*, days: int = 15, until: datetime = NOW, **config: Any) -> Monitor:
    """A signal that has counted for `days` days up to `until`."""
    monitor = make_signal(**config)
    trade(monitor, until=until, minutes=days * 1440)
    roll_up_history(monitor, since=until - timedelta(days=days))
    return monitor
