"""Walks through the shop in a real browser: opens, clicks, fills in, buys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stormproof.core.document import FineDuration
from stormproof.engine.probe.browser import BrowserCheck, BrowserPool, BrowserStep
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.browser.templates import TEMPLATES, expand
from stormproof.watch.kinds.journey import TakeShape, take_of
from stormproof.watch.kinds.journey.shape import MOST_STEPS, WalkShape, names, require_known_names, secret_values
from stormproof.watch.kinds.kind import FormField, Kind, Path, Tools

ACTS = ("open", "click", "fill", "select", "tick", "press")
CHECKS = ("at", "wait_for", "see", "see_not", "keep")
EXAMPLE = """\
- {name: Product page, open: /tents/skerry-2, see: Add to basket}
- {name: Into the basket, click: "text=Add to basket", see: In your basket}
- {name: Who buys, fill: {"#email": "{{email}}"}, click: "#continue"}
- {name: Pay, click: "#pay", see: Thank you, keep: {order: {css: "#order-number"}}}"""


class KeepShape(TakeShape):
    """What is kept of the page, shown with the walk and usable as {{name}}: by css or regex."""

    @model_validator(mode="after")
    def _is_of_a_page(self) -> KeepShape:
        if self.json_path or self.header or self.cookie:
            raise ValueError("a page is kept of by css or regex")
        return self


class BrowserStepShape(BaseModel):
    """One step: what is done, and what must be so before the next."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=80, description="What people call the step; a failure names it.")
    use: Literal["", "basket-and-checkout"] = Field("", description="A whole template of steps, with its values.")
    values: dict[str, str] = Field(default_factory=dict, alias="with", description="What the template needs.")
    open: str = Field("", max_length=2000, description="Open an address, or a path of the shop.")
    fill: dict[str, str] = Field(default_factory=dict, description="Write texts into fields (selector: text).")
    select: dict[str, str] = Field(default_factory=dict, description="Choose in lists (selector: label or value).")
    tick: str = Field("", max_length=300, description="Tick a box or a choice (selector).")
    press: str = Field("", max_length=40, description="Press a key, such as Enter.")
    click: str = Field("", max_length=300, description="Click something: a CSS selector, or text=Add to basket.")
    at: str = Field("", max_length=300, description="Wait until the address contains this.")
    wait_for: str = Field("", max_length=300, description="Wait until this is visible (selector).")
    see: str = Field("", max_length=300, description="Wait until the page shows this text.")
    see_not: str = Field("", max_length=300, description="The page must not show this text.")
    keep: Annotated[dict[str, KeepShape], AfterValidator(names)] = Field(
        default_factory=dict, description="Keep something of the page, such as the order number."
    )

    @model_validator(mode="after")
    def _does_something(self) -> BrowserStepShape:
        does = [word for word in (*ACTS, *CHECKS) if getattr(self, word)]
        if self.use and does:
            raise ValueError(f"a template is a step of its own: put {does[0]} into the next one")
        if not self.use and not does:
            raise ValueError(f"say what the step does: use, {', '.join((*ACTS, *CHECKS))}")
        if self.use and (fault := TEMPLATES[self.use].fault_of(self.values)):
            raise ValueError(fault)
        return self


class BrowserShape(WalkShape):
    """Several steps of one visitor in a real browser."""

    kind: Literal["browser"]
    steps: list[BrowserStepShape] = Field(min_length=1, max_length=MOST_STEPS)
    patience: FineDuration = Field(10, ge=1, le=60, description="How long one step may take.")
    faster_than: FineDuration | None = Field(None, gt=0, description="Slower than this in all is degraded.")
    phone: bool = Field(False, description="A window of the size of a phone instead of a desk's.")

    @model_validator(mode="after")
    def _uses_what_is_known(self) -> BrowserShape:
        steps = [(step.model_dump(exclude={"keep"}), [*step.keep, *_given_by(step)]) for step in self.steps]
        require_known_names(steps, {*self.values, *self.secrets})
        return self


def _given_by(step: BrowserStepShape) -> list[str]:
    return TEMPLATES[step.use].gives if step.use else []


def check_of(shape: BrowserShape) -> BrowserCheck:
    """What the browser is asked to do, templates written out."""
    steps: list[BrowserStep] = []
    for step in shape.steps:
        steps += expand(step.use, step.values) if step.use else [_step_of(step)]
    size = {"width": 390, "height": 844} if shape.phone else {}
    return BrowserCheck(
        start=shape.start,
        steps=steps,
        values=shape.values,
        secrets=shape.secrets,
        step_s=shape.patience,
        faster_than_s=shape.faster_than,
        **size,
    )


def _step_of(step: BrowserStepShape) -> BrowserStep:
    said = {word: getattr(step, word) for word in (*ACTS, *CHECKS) if word != "keep"}
    name = step.name or next(f"{word} {value}" for word, value in said.items() if isinstance(value, str) and value)[:80]
    return BrowserStep(name=name, keep={key: take_of(keep) for key, keep in step.keep.items()}, **said)


async def _look(shape: BrowserShape, tools: Tools) -> Outcome:
    pool = tools.browsers or BrowserPool(tools.guard)
    try:
        return await pool.walk(check_of(shape), deadline_s=tools.deadline_s, run=uuid4().hex[:12])
    finally:
        if tools.browsers is None:  # one look for a person: its browser ends with it
            await pool.close()


def _hosts(shape: BrowserShape) -> list[tuple[str, str]]:
    named = [("start", shape.start), *((f"steps.{n}.open", step.open) for n, step in enumerate(shape.steps))]
    return [(field, urlsplit(url).hostname or "") for field, url in named if "://" in url and "{{" not in url]


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return secret_values(config)


KIND = Kind(
    name="browser",
    title="Browser journey",
    purpose="Buys in a real browser as a customer would. A failure leaves the screen and the requests to look at.",
    icon="browser",
    shape=BrowserShape,
    target=lambda shape: f"{len(shape.steps)} steps from {shape.start}, in a browser",
    hosts=_hosts,
    look=_look,
    secret_paths=_secrets,
    has_steps=True,
    confirm_after_s=10,
    patience_s=180,
    fields=(
        FormField(path="start", label="Starts at", placeholder="https://shop.example", required=True),
        FormField(
            path="steps",
            label="Steps",
            widget="yaml",
            placeholder=EXAMPLE,
            required=True,
            help="Each does something (open, fill, select, tick, press, click), then waits until it is so "
            "(at, wait_for, see). use: basket-and-checkout is a whole purchase.",
        ),
        FormField(
            path="values",
            label="Values",
            widget="pairs",
            placeholder="email: journey-{{run}}@shop.example",
            help="name: text, one per line, used as {{name}}. {{run}} differs in each walk.",
        ),
        FormField(
            path="secrets",
            label="Secrets",
            widget="pairs",
            placeholder="card: env:TEST_CARD",
            help="As values, but kept sealed and hidden on screenshots.",
        ),
        FormField(path="within", label="Done within", placeholder="30s", help="The whole journey; slower is down."),
        FormField(path="patience", label="A step within", placeholder="10s", help="How long one step may take."),
        FormField(
            path="faster_than", label="Faster than", placeholder="8s", help="Slower than this is degraded, not down."
        ),
    ),
)
