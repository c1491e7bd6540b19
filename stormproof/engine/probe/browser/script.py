"""What a browser is asked to do, as plain data that travels to its process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stormproof.engine.probe.journey import Take


@dataclass(frozen=True, kw_only=True)
class BrowserStep:
    """One step: at most one act (`open`, `click`, `fill`, `select`, `tick`, `press`), then what must be so before the
    next step may begin (`at`, `wait_for`, `see`, `see_not`), then what is kept of the page.

    Places are CSS selectors, or `text=Add to basket`. Texts may hold `{{name}}`.
    """

    name: str
    open: str = ""
    click: str = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    select: Mapping[str, str] = field(default_factory=dict)
    tick: str = ""
    press: str = ""
    at: str = ""
    wait_for: str = ""
    see: str = ""
    see_not: str = ""
    keep: Mapping[str, Take] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BrowserCheck:
    """The steps in order, where relative addresses begin, and the names known from the start. `secrets` stay untold.

    A step may take `step_s` seconds. `width` and `height` are the window's, in CSS pixels.
    """

    start: str
    steps: Sequence[BrowserStep]
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    step_s: float = 10
    faster_than_s: float | None = None
    width: int = 1280
    height: int = 800

    def as_data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def check_from(data: Mapping[str, Any]) -> BrowserCheck:
    """The check that `as_data` wrote."""
    steps = [
        BrowserStep(**{**step, "keep": {name: Take(**take) for name, take in step["keep"].items()}})
        for step in data["steps"]
    ]
    return BrowserCheck(**{**data, "steps": steps})
