"""Walks through several requests in a row as one visitor would: sign in, fill a basket, pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stormproof.core.document import FineDuration
from stormproof.engine.probe.http import HttpCheck
from stormproof.engine.probe.journey import JourneyCheck, JourneyStep, Take, walk
from stormproof.engine.probe.journey.taking import fault_of
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.http import SECRET_HEADERS, Expect, Method, clean_headers, expectations_of
from stormproof.watch.kinds.journey.shape import MOST_STEPS, WalkShape, names, require_known_names, secret_values
from stormproof.watch.kinds.kind import FormField, Kind, Path, Tools

EXAMPLE = """\
- name: Product page
  url: /tents/skerry-2
  take: {token: {css: "input[name=csrf]", attribute: value}}
- name: Into the basket
  method: POST
  url: /basket/add
  form: {csrf: "{{token}}", quantity: "1"}
  expect: {contains: Skerry}"""


class TakeShape(BaseModel):
    """Where a value of the answer stands; exactly one of these."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    json_path: str = Field("", alias="json", description="A path in a JSON answer, such as data.id.")
    regex: str = Field("", description="A regular expression; its first group is taken.")
    css: str = Field("", description="A CSS selector; its text is taken, or an attribute.")
    attribute: str = Field("", description="The attribute of the element that css finds.")
    header: str = Field("", description="A header of the answer.")
    cookie: str = Field("", description="A cookie that the journey holds by then.")

    @model_validator(mode="after")
    def _is_one(self) -> TakeShape:
        if fault := fault_of(take_of(self)):
            raise ValueError(fault)
        return self


def take_of(shape: TakeShape) -> Take:
    """What the engine is asked to take."""
    return Take(
        json=shape.json_path,
        regex=shape.regex,
        css=shape.css,
        attribute=shape.attribute,
        header=shape.header,
        cookie=shape.cookie,
    )


class StepShape(BaseModel):
    """One request of a journey."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field("", max_length=80, description="What people call the step; a failure names it.")
    url: str = Field(min_length=1, max_length=2000, description="An address, or a path on the shop.")
    method: Method | None = Field(None, description="GET, or POST when something is sent.")
    headers: Annotated[dict[str, str], AfterValidator(clean_headers)] = Field(default_factory=dict)
    form: dict[str, str] = Field(default_factory=dict, description="Fields sent as a form.")
    json_body: Any = Field(None, alias="json", description="A document sent as JSON.")
    body: str = Field("", max_length=65536, description="Text sent as it is.")
    follow_redirects: bool = True
    expect: Expect = Field(default_factory=Expect)
    take: Annotated[dict[str, TakeShape], AfterValidator(names)] = Field(
        default_factory=dict, description="Values of the answer that later steps use as {{name}}."
    )

    @model_validator(mode="after")
    def _sends_one_thing(self) -> StepShape:
        if sum(bool(sent) for sent in (self.form, self.json_body is not None, self.body)) > 1:
            raise ValueError("a step sends a form, json or a body, not several")
        return self


class JourneyShape(WalkShape):
    """Several requests of one visitor."""

    kind: Literal["journey"]
    steps: list[StepShape] = Field(min_length=1, max_length=MOST_STEPS)
    faster_than: FineDuration | None = Field(None, gt=0, description="Slower than this in all is degraded.")

    @model_validator(mode="after")
    def _uses_what_is_known(self) -> JourneyShape:
        steps = [(step.model_dump(exclude={"take"}), step.take) for step in self.steps]
        require_known_names(steps, {*self.values, *self.secrets})
        return self


def check_of(shape: JourneyShape) -> JourneyCheck:
    """What the engine is asked to walk."""
    return JourneyCheck(
        start=shape.start,
        steps=[_step_of(step) for step in shape.steps],
        values=shape.values,
        secrets=shape.secrets,
        faster_than_s=shape.faster_than,
    )


def _step_of(step: StepShape) -> JourneyStep:
    sends = bool(step.form or step.json_body is not None or step.body)
    check = HttpCheck(
        url=step.url,
        method=step.method or ("POST" if sends else "GET"),
        headers=step.headers,
        body=step.body,
        follow_redirects=step.follow_redirects,
        **expectations_of(step.expect),
    )
    take = {name: take_of(one) for name, one in step.take.items()}
    return JourneyStep(name=step.name, check=check, form=step.form, json=step.json_body, take=take)


async def _look(shape: JourneyShape, tools: Tools) -> Outcome:
    return await walk(check_of(shape), guard=tools.guard, deadline_s=tools.deadline_s, run=uuid4().hex[:12])


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    headers: list[Path] = [
        ("steps", number, "headers", name)
        for number, step in enumerate(config.get("steps", []))
        for name, value in step.get("headers", {}).items()
        if name.lower() in SECRET_HEADERS and "{{" not in value
    ]
    return [*secret_values(config), *headers]


def _hosts(shape: JourneyShape) -> list[tuple[str, str]]:
    named = [("start", shape.start), *((f"steps.{n}.url", step.url) for n, step in enumerate(shape.steps))]
    return [(field, urlsplit(url).hostname or "") for field, url in named if "://" in url and "{{" not in url]


KIND = Kind(
    name="journey",
    title="Journey",
    purpose="Several requests in a row as one visitor: with cookies, tokens and forms. A failure names its step.",
    icon="route",
    shape=JourneyShape,
    target=lambda shape: f"{len(shape.steps)} steps from {shape.start}",
    hosts=_hosts,
    look=_look,
    secret_paths=_secrets,
    has_steps=True,
    confirm_after_s=10,
    fields=(
        FormField(path="start", label="Starts at", placeholder="https://shop.example", required=True),
        FormField(
            path="steps",
            label="Steps",
            widget="yaml",
            placeholder=EXAMPLE,
            required=True,
            help="One after the other, as continuity.yaml says them. take gives a value a name, {{name}} uses it.",
        ),
        FormField(
            path="values",
            label="Values",
            widget="pairs",
            placeholder="email: probe-{{run}}@shop.example",
            help="name: text, one per line, used as {{name}}. {{run}} differs in each walk.",
        ),
        FormField(
            path="secrets",
            label="Secrets",
            widget="pairs",
            placeholder="password: env:SHOP_PASSWORD",
            help="As values, but kept sealed and never shown.",
        ),
        FormField(path="within", label="Done within", placeholder="30s", help="The whole journey; slower is down."),
        FormField(
            path="faster_than", label="Faster than", placeholder="5s", help="Slower than this is degraded, not down."
        ),
    ),
)
