"""Looks at the value of a query of a Prometheus-compatible server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormproof.engine.probe.number import PromqlCheck, probe_promql
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import FormField, Kind, Tools
from stormproof.watch.kinds.thresholds import VALUE_FIELDS, ValueShape, thresholds_of
from stormproof.watch.kinds.web import (
    AUTH_FIELDS,
    HEADERS_FIELD,
    Auth,
    Headers,
    WebAddress,
    headers_of,
    hosts_of,
    web_secrets,
)


class PromqlShape(ValueShape):
    """The value of a PromQL query; of several series each is judged and the worst counts."""

    kind: Literal["promql"]
    url: WebAddress = Field(description="The address of the server itself, such as https://prometheus.shop.example.")
    query: str = Field(min_length=1, max_length=4000, description="A PromQL query for the present value.")
    auth: Auth | None = None
    headers: Headers = Field(default_factory=dict)


async def _look(shape: PromqlShape, tools: Tools) -> Outcome:
    check = PromqlCheck(url=shape.url, query=shape.query, headers=headers_of(shape), thresholds=thresholds_of(shape))
    return await probe_promql(check, http=tools.http, deadline_s=tools.deadline_s)


KIND = Kind(
    name="promql",
    title="Prometheus query",
    purpose="Holds the value of a PromQL query against bounds; for Prometheus, Mimir, Thanos and VictoriaMetrics.",
    icon="chart-line",
    shape=PromqlShape,
    target=lambda shape: shape.query,
    hosts=hosts_of,
    look=_look,
    secret_paths=web_secrets,
    fields=(
        FormField(
            path="url",
            label="Server",
            placeholder="https://prometheus.shop.example",
            required=True,
            help="The address of the server itself, without /api/v1.",
        ),
        FormField(
            path="query",
            label="Query",
            widget="area",
            placeholder="sum(rate(orders_total[5m]))",
            required=True,
            help="Of several series each is judged, and the worst is told with its labels.",
        ),
        *VALUE_FIELDS,
        *AUTH_FIELDS,
        HEADERS_FIELD,
    ),
)
