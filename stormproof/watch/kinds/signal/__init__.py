"""Counts what the business does each minute, and notices when too little succeeds or too little comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from stormproof.core.document import Duration
from stormproof.watch.kinds.kind import FormField, Kind, MonitorShape
from stormproof.watch.kinds.signal.sources import SOURCES, Source, SourceShape

READS_EVERY_S = 60


def _read_source(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """The settings of a source by its `type`; the shape of that source judges them."""
    if isinstance(value, SourceShape):
        return value
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in SOURCES:
        raise ValueError(f"there is no source {kind!r}; choose one of {', '.join(SOURCES)}")
    try:
        return SOURCES[kind].shape.model_validate(dict(value))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error


AnySource = Annotated[SerializeAsAny[SourceShape], WrapValidator(_read_source)]


class SignalShape(MonitorShape):
    """A stream of attempts or orders that is judged each minute against what is normal for the hour."""

    kind: Literal["signal"]
    counts: str = Field("orders", min_length=1, max_length=40, description="What is counted: orders, attempts, logins.")
    measures: Literal["share", "volume"] = Field(
        "share", description="share: how many of the attempts succeed, and how many; volume: only how many."
    )
    source: AnySource = Field(
        description="Where the figures come from: type sql, http, promql, woocommerce, shopify or push, and settings."
    )
    order_value: float | None = Field(
        None, gt=0, le=1e9, description="What one is worth in the shop's currency; learned from `value` when left out."
    )
    page_alpha: float = Field(1e-4, gt=0, le=0.05, description="How unlikely by chance it must be to page.")
    ticket_alpha: float = Field(
        1e-3, gt=0, le=0.1, description="How unlikely by chance it must be to show as degraded."
    )
    recovers_after: Duration = Field(900, ge=60, le=86400, description="Up again when the tests were quiet so long.")
    settles_after: Duration = Field(
        60, ge=0, le=3600, description="How long the source takes until a minute is complete."
    )
    stale_after: Duration = Field(300, ge=60, le=86400, description="Unknown when nothing new was read for so long.")

    @property
    def interval_seconds(self) -> int:
        """How often it is read and judged."""
        return READS_EVERY_S


def settings_of(config: Mapping[str, Any]) -> SignalShape:
    """The settings of a signal from what is stored, secrets as they are there."""
    return SignalShape.model_validate({"kind": "signal", "on": "-", **config})


def source_of(shape: SignalShape) -> Source:
    """The kind of source a signal reads."""
    return SOURCES[str(getattr(shape.source, "type", "push"))]


def _secrets(config: Mapping[str, Any]) -> list[tuple[str | int, ...]]:
    source = config.get("source") or {}
    kind = SOURCES.get(str(source.get("type")))
    return [("source", name) for name in kind.secrets if source.get(name)] if kind else []


def _target(shape: SignalShape) -> str:
    title = source_of(shape).title
    url = getattr(shape.source, "url", "")
    return f"{shape.counts} from {url}" if url.startswith("http") else f"{shape.counts}, {title}"


KIND = Kind(
    name="signal",
    title="Business signal",
    purpose="Counts orders or payment attempts each minute and notices when fewer succeed, or fewer come, than is "
    "normal for this hour of the week. Names the provider, method, device or country that lost most, and the revenue.",
    icon="chart-histogram",
    shape=SignalShape,
    target=_target,
    hosts=lambda shape: source_of(shape).hosts(shape.source),
    secret_paths=_secrets,
    fields=(
        FormField(path="counts", label="What is counted", placeholder="payment attempts", help="A word for the pages."),
        FormField(
            path="measures",
            label="Measures",
            widget="choice",
            choices=("share", "volume"),
            help="share: how many of the attempts succeed (sooner and surer). volume: only how many there are.",
        ),
        FormField(
            path="source.type",
            label="Source",
            widget="choice",
            choices=tuple(SOURCES),
            help="sql: a PostgreSQL database. http: an address that answers with JSON rows. promql: Prometheus. "
            "woocommerce, shopify: their orders. push: the shop sends counts to the API.",
        ),
        FormField(
            path="source.url",
            label="Address",
            widget="secret",
            placeholder="postgresql://reader@db.shop.example/shop",
            help="sql: the database, kept sealed. Others: https://... of the service or shop. push: leave empty.",
        ),
        FormField(
            path="source.query",
            label="Query",
            widget="area",
            placeholder="SELECT at, approved AS good, provider FROM payments WHERE at >= :since AND at < :until",
            help="sql: columns at, total, good, value, provider, method, device, country; only at is needed. "
            "promql: growth in one minute.",
        ),
        FormField(path="source.good_query", label="Query for the good ones", widget="area", help="promql only."),
        FormField(path="source.rows", label="List at", placeholder="data.rows", help="http only: where the list is."),
        FormField(path="source.user", label="Key", help="woocommerce only: the consumer key, ck_..."),
        FormField(path="source.secret", label="Token or secret", widget="secret", help="Kept sealed; env:NAME works."),
        FormField(
            path="order_value", label="One is worth", widget="number", help="Learned from value when left empty."
        ),
        FormField(
            path="page_alpha", label="Pages at", widget="number", placeholder="0.0001", help="By chance once in 10,000."
        ),
        FormField(path="ticket_alpha", label="Degraded at", widget="number", placeholder="0.001"),
        FormField(path="recovers_after", label="Up again after quiet for", placeholder="15m"),
        FormField(path="settles_after", label="A minute is complete after", placeholder="1m"),
        FormField(path="stale_after", label="Unknown when silent for", placeholder="5m"),
    ),
)
