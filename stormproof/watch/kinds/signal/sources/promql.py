"""Reads Prometheus, or anything that speaks its query API: how much two counters grew in each minute."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds.signal.sources.source import (
    DIMENSIONS,
    Row,
    Secret,
    Source,
    SourceFailed,
    SourceShape,
    WebAddress,
    rows_of,
)
from stormproof.watch.kinds.signal.sources.web import Asker, asking, host_of


class PromqlSource(SourceShape):
    """Two expressions asked each minute; their labels provider, method, device and country become slices."""

    type: Literal["promql"]
    url: WebAddress = Field(description="The server, such as https://prometheus.shop.example.")
    query: str = Field(
        min_length=1, max_length=5000, description="All attempts, such as sum by (provider) (increase(pays[1m]))."
    )
    good_query: str | None = Field(None, max_length=5000, description="Those that succeeded; left out: all did.")
    secret: Secret | None = Field(None, description="Sent as a bearer token; kept sealed.")


def _read(shape: PromqlSource, since: datetime, until: datetime, guard: Guard) -> list[Row]:
    headers = {"Authorization": f"Bearer {shape.secret}"} if shape.secret else {}
    with asking(guard, headers=headers) as asker:
        totals = _ask(asker, shape, shape.query, since, until)
        goods = totals if shape.good_query is None else _ask(asker, shape, shape.good_query, since, until)
    records = []
    for key, total in totals.items():
        at, labels = key
        whole = round(total)
        good = min(whole, round(goods.get(key, 0.0)))
        records.append({"at": at, "total": whole, "good": good, **dict(labels)})
    return rows_of(records)


Series = dict[tuple[float, tuple[tuple[str, str], ...]], float]


def _ask(asker: Asker, shape: PromqlSource, query: str, since: datetime, until: datetime) -> Series:
    """Growth in each minute. Prometheus looks back: the value at 12:01 tells of the minute from 12:00 on."""
    parameters = {
        "query": query,
        "start": (since + timedelta(minutes=1)).astimezone(UTC).timestamp(),
        "end": until.astimezone(UTC).timestamp(),
        "step": 60,
    }
    answer, _ = asker.ask("POST", f"{shape.url}/api/v1/query_range", data=parameters)
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise SourceFailed(f"Prometheus says: {str((answer or {}).get('error', 'no success'))[:200]}")
    found: Series = {}
    for series in answer["data"]["result"]:
        labels = _labels(series.get("metric", {}))
        for moment, text in series.get("values", []):
            value = float(text)
            if math.isfinite(value):
                key = (float(moment) - 60, labels)
                found[key] = found.get(key, 0.0) + max(0.0, value)
    return found


def _labels(metric: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(metric[name])) for name in DIMENSIONS if name in metric)


SOURCE = Source(
    name="promql",
    title="Prometheus",
    shape=PromqlSource,
    read=_read,
    chunk=timedelta(days=2),
    hosts=lambda shape: [("source.url", host_of(shape.url))],
    secrets=("secret",),
)
