"""What a prober knows of the monitors it looks after: parsed once per version, secrets opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from stormproof.core.secrets import CannotOpenSecret
from stormproof.watch.kinds import KINDS, Kind, WrongSettings, read_settings, resolve_config
from stormproof.watch.models import Monitor
from stormproof.watch.rules import HERE
from stormproof.watch.selectors import monitors_to_look_at
from stormproof.watch.services.states import standing_of


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to look at one monitor. `fault` says why that cannot be done here, such as a variable that is not set."""

    monitor_id: int
    version: int
    kind: Kind
    shape: Any
    host: str
    interval_seconds: int
    state: str
    last_at: datetime | None
    fault: str = ""


class Plans:
    """Reads plans from the database; a monitor is parsed again only when its version is new."""

    def __init__(self, location: str = HERE) -> None:
        self._location = location
        self._parsed: dict[int, Plan] = {}

    def load(self) -> dict[int, Plan]:
        """All monitors to look at, by id."""
        found = {}
        for monitor in monitors_to_look_at(self._location):
            state, last_at = said_before(monitor)
            kept = self._parsed.get(monitor.pk)
            if kept is not None and kept.version == monitor.version and not kept.fault:
                found[monitor.pk] = replace(kept, state=state, last_at=last_at)
            else:
                found[monitor.pk] = plan_of(monitor)
        self._parsed = found
        return dict(found)


def plan_of(monitor: Monitor) -> Plan:
    """The plan of one monitor of the database."""
    state, last_at = said_before(monitor)
    return build_plan(
        monitor_id=monitor.pk,
        version=monitor.version,
        kind_name=monitor.kind,
        config=monitor.config,
        interval_seconds=monitor.interval_seconds,
        state=state,
        last_at=last_at,
    )


def build_plan(
    *,
    monitor_id: int,
    version: int,
    kind_name: str,
    config: dict[str, Any],
    interval_seconds: int,
    state: str,
    last_at: datetime | None,
    fault: str = "",
) -> Plan:
    """A plan from settings, secrets sealed or in the clear; variables of the environment are those of this machine."""
    kind = KINDS[kind_name]
    shape, host = None, ""
    try:
        if not fault:
            shape = read_settings({"kind": kind_name, "on": "-", **resolve_config(kind, config)})
            host = next((name for _, name in kind.hosts(shape)), "")
    except (LookupError, CannotOpenSecret, WrongSettings) as error:
        fault = str(error)
    return Plan(
        monitor_id=monitor_id,
        version=version,
        kind=kind,
        shape=shape,
        host=host,
        interval_seconds=interval_seconds,
        state=state,
        last_at=last_at,
        fault=fault,
    )


def said_before(monitor: Monitor) -> tuple[str, datetime | None]:
    """What the location of a plan said of its monitor last, and when; what is known of it where it said nothing yet."""
    place = next(iter(getattr(monitor, "place", ())), None)
    if place is None:
        return standing_of(monitor).state, None if monitor.locations else monitor.last_at
    return place.state, place.last_at
