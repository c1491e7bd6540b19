"""What a kind of monitor is made of."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from stormproof.core.document import Duration, FineDuration
from stormproof.core.secrets import open_text, seal_text
from stormproof.engine.probe.browser import BrowserPool
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome

SEALED = "sealed:"
FROM_ENV = "env:"
_OWN_SETTING = re.compile(r"^(STORMPROOF_|DATABASE_URL)", re.IGNORECASE)
LONGEST_TIMEOUT_S = 10.0
LocationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,39}$")]
LONGEST_OWN_TIMEOUT_S = 120.0
Widget = Literal["text", "area", "lines", "number", "scalar", "choice", "yes", "pairs", "values", "secret", "yaml"]
Path = tuple[str | int, ...]  # a place in the settings: names and positions


class MonitorShape(BaseModel):
    """What every monitor says in continuity.yaml, whatever its kind."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str | None = Field(None, max_length=200, description="What people call it; the identifier when left out.")
    on: str = Field(description="The function, asset, supplier or site it looks at.")
    paused: bool = Field(False, description="A paused monitor does not look.")
    tags: list[Tag] = Field([], max_length=20, description="Words to find it by, and to plan maintenance for.")


class ActiveShape(MonitorShape):
    """A monitor that looks by itself, at an interval."""

    every: Duration = Field(60, ge=1, le=86400, description="How often it looks, such as 5s or 1m.")
    locations: list[LocationName] = Field(
        [], max_length=20, description="From which places it is looked at; from all when left out."
    )

    @property
    def interval_seconds(self) -> int:
        """How often it looks."""
        return self.every


class TimedShape(ActiveShape):
    """A monitor whose look may be given a time limit of its own."""

    timeout: FineDuration | None = Field(
        None,
        ge=0.1,
        le=LONGEST_OWN_TIMEOUT_S,
        description="How long one look may take; when left out half of `every`, but at least 1s and at most 10s.",
    )

    @field_validator("timeout")
    @classmethod
    def _ends_before_the_next_look(cls, timeout: float | None, info: ValidationInfo) -> float | None:
        if timeout is not None and timeout > info.data.get("every", timeout):
            raise ValueError("a look must end before the next one begins: it may not be longer than every")
        return timeout


BASE_FIELDS = frozenset({"name", "on", "paused", "tags", "kind", "every", "locations"})


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a look is given: the guard, the web prober, the time it may take and the moment."""

    guard: Guard
    http: HttpProber
    deadline_s: float
    at: datetime
    browsers: BrowserPool | None = None  # None: a look by itself, outside a prober


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field of the form of a kind. `path` is its place in the settings, such as `expect.contains`."""

    path: str
    label: str
    help: str = ""
    widget: Literal[
        "text", "area", "lines", "number", "scalar", "choice", "yes", "pairs", "values", "secret", "yaml"
    ] = "text"
    choices: tuple[str, ...] = ()
    placeholder: str = ""
    required: bool = False
    starts: bool = True  # whether a yes is ticked in a new form


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of monitor: its settings, how it is shown, how it looks (None: it waits to be pinged)."""

    name: str
    title: str
    purpose: str
    icon: str
    shape: type[Any]
    target: Callable[[Any], str]
    hosts: Callable[[Any], list[tuple[str, str]]]  # (field path, host) that the guard must let through
    fields: tuple[FormField, ...]
    look: Callable[[Any, Tools], Awaitable[Outcome]] | None = None
    tells_of_node: bool = True  # whether its state is that of the node; false: neither colours it nor explains others
    secret_paths: Callable[[Mapping[str, Any]], list[Path]] = lambda _config: []
    has_steps: bool = False  # each look is a walk through steps, which are kept
    patience_s: float = 1.0  # beyond its limit: how long a look may take to begin and to end
    confirm_after_s: float = 1.0  # how long after a new result the second look comes that confirms it

    @property
    def is_active(self) -> bool:
        """Whether it looks by itself; templates ask this, for they would call `look`."""
        return self.look is not None


def timeout_s(interval_seconds: float, *, promised_s: float | None = None) -> float:
    """How long one try may take: half the interval and no less than was promised; at least 1, at most 10 seconds."""
    return min(LONGEST_TIMEOUT_S, max(1.0, interval_seconds / 2, promised_s or 0))


def limit_s(shape: Any, interval_seconds: float) -> float:
    """How long one look with these settings may take: what they say (`timeout`, `within`), else by the interval."""
    said: float | None = getattr(shape, "timeout", None) or getattr(shape, "within", None)
    return timeout_s(interval_seconds, promised_s=promised_s(shape)) if said is None else float(said)


def promised_s(shape: Any) -> float | None:
    """Within how many seconds the target promised to answer, when it did."""
    for holder in (shape, getattr(shape, "expect", None)):
        promise: float | None = getattr(holder, "faster_than", None)
        if promise is not None:
            return promise
    return None


def seal_config(kind: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with its secrets sealed; references to the environment stay as they are."""
    return _mapped(config, kind.secret_paths(config), _seal)


def open_config(kind: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` as it was given, secrets in the clear. Raises CannotOpenSecret."""
    return _mapped(config, kind.secret_paths(config), _open)


def resolve_config(kind: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with secrets opened and `env:NAME` replaced by the variable's value; LookupError when it is not set."""
    return _mapped(open_config(kind, config), kind.secret_paths(config), _from_env)


def _mapped(config: Mapping[str, Any], paths: list[Path], change: Callable[[str], str]) -> dict[str, Any]:
    copy: dict[str, Any] = deepcopy(dict(config))
    for path in paths:
        holder: Any = copy
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = change(holder[path[-1]])
    return copy


def _seal(text: str) -> str:
    return text if text.startswith((SEALED, FROM_ENV)) else SEALED + seal_text(text)


def _open(text: str) -> str:
    return open_text(text.removeprefix(SEALED)) if text.startswith(SEALED) else text


def _from_env(text: str) -> str:
    if not text.startswith(FROM_ENV):
        return text
    name = text.removeprefix(FROM_ENV)
    value = os.environ.get(name)
    if value is None:
        raise LookupError(f"the environment variable {name} is not set for the prober")
    return value


def require_foreign_variable(text: str) -> str:
    """`text`, unless it asks for one of Stormproof's own settings: those hold keys that no target may receive."""
    if text.startswith(FROM_ENV) and _OWN_SETTING.match(text.removeprefix(FROM_ENV)):
        raise ValueError("a monitor may not read Stormproof's own settings; put the secret into a variable of its own")
    return text


__all__ = [
    "BASE_FIELDS",
    "FROM_ENV",
    "ActiveShape",
    "FormField",
    "Kind",
    "MonitorShape",
    "Tag",
    "TimedShape",
    "Tools",
    "limit_s",
    "open_config",
    "promised_s",
    "require_foreign_variable",
    "resolve_config",
    "seal_config",
    "timeout_s",
]
