"""Reads a web address that answers with JSON rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds.signal.sources.source import (
    Row,
    Secret,
    Source,
    SourceFailed,
    SourceShape,
    WebAddress,
    rows_of,
)
from stormproof.watch.kinds.signal.sources.web import asking, host_of


class HttpSource(SourceShape):
    """An address that is asked with `since` and `until` and answers with a list of rows."""

    type: Literal["http"]
    url: WebAddress = Field(description="Asked with ?since= and &until= in ISO 8601.")
    secret: Secret | None = Field(None, description="Sent as a bearer token; kept sealed. env:NAME takes a variable.")
    rows: str = Field("", max_length=200, description="Where in the answer the list is, such as data.rows.")


def _read(shape: HttpSource, since: datetime, until: datetime, guard: Guard) -> list[Row]:
    headers = {"Authorization": f"Bearer {shape.secret}"} if shape.secret else {}
    with asking(guard, headers=headers) as asker:
        found, _ = asker.ask("GET", shape.url, params={"since": since.isoformat(), "until": until.isoformat()})
    return rows_of(_list_at(found, shape.rows))


def _list_at(found: Any, path: str) -> list[Any]:
    for step in filter(None, path.split(".")):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise SourceFailed(f"the answer has no list{f' at {path}' if path else ''}")
    return found


SOURCE = Source(
    name="http",
    title="Web address (JSON)",
    shape=HttpSource,
    read=_read,
    chunk=timedelta(days=1),
    hosts=lambda shape: [("source.url", host_of(shape.url))],
    secrets=("secret",),
)
