"""Sources of signals: one module each, one line in this registry."""

from __future__ import annotations

from stormproof.watch.kinds.signal.sources import http, promql, push, shopify, sql, woocommerce
from stormproof.watch.kinds.signal.sources.source import (
    DIMENSIONS,
    Row,
    Source,
    SourceFailed,
    SourceShape,
    row_of,
    rows_of,
)

SOURCES: dict[str, Source] = {
    "sql": sql.SOURCE,
    "http": http.SOURCE,
    "promql": promql.SOURCE,
    "woocommerce": woocommerce.SOURCE,
    "shopify": shopify.SOURCE,
    "push": push.SOURCE,
}

__all__ = ["DIMENSIONS", "SOURCES", "Row", "Source", "SourceFailed", "SourceShape", "row_of", "rows_of"]
