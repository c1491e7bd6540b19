"""Looks at a number that a web address answers with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stormproof.engine.probe.answer import HttpCheck
from stormproof.engine.probe.json_path import read_path
from stormproof.engine.probe.number import NumberCheck, probe_number
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


def _path(text: str) -> str:
    read_path(text)
    return text


class NumberShape(ValueShape):
    """A number out of a web answer."""

    kind: Literal["number"]
    url: WebAddress
    path: Annotated[str, AfterValidator(_path)] = Field(
        "",
        max_length=500,
        description="Where it is in a JSON answer, such as data.queue[0].size; a list or an object counts by its "
        "length. Empty: the whole answer is the value.",
    )
    auth: Auth | None = None
    headers: Headers = Field(default_factory=dict)


async def _look(shape: NumberShape, tools: Tools) -> Outcome:
    check = NumberCheck(
        asking=HttpCheck(url=shape.url, headers=headers_of(shape)), path=shape.path, thresholds=thresholds_of(shape)
    )
    return await probe_number(check, http=tools.http, deadline_s=tools.deadline_s)


KIND = Kind(
    name="number",
    title="Number from the web",
    purpose="Reads a number out of a web or JSON answer and holds it against bounds: stock, queue length, balance.",
    icon="gauge",
    shape=NumberShape,
    target=lambda shape: f"{shape.path} of {shape.url}" if shape.path else shape.url,
    hosts=hosts_of,
    look=_look,
    secret_paths=web_secrets,
    fields=(
        FormField(path="url", label="Address", placeholder="https://shop.example/api/queue", required=True),
        FormField(
            path="path",
            label="Where in the JSON answer",
            placeholder="data.waiting",
            help="Names and positions, such as data.items[0].count. A list counts by its length. Empty: the whole "
            "answer is the value.",
        ),
        *VALUE_FIELDS,
        *AUTH_FIELDS,
        HEADERS_FIELD,
    ),
)
