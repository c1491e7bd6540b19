"""The sections `monitors` and `peaks` of continuity.yaml."""

from __future__ import annotations

import difflib
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.business.selectors import shop_zone
from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Known, Problem
from stormproof.watch.kinds import KINDS, WrongSettings
from stormproof.watch.selectors import all_peaks, monitors_in_use, windows_in_use
from stormproof.watch.services.calendar import PeakValues, plan_peak, remove_peak
from stormproof.watch.services.maintenance import (
    WindowShape,
    call_off_window,
    change_window,
    describe_window,
    plan_window,
)
from stormproof.watch.services.monitors import (
    change_monitor,
    create_monitor,
    describe_settings,
    require_allowed_targets,
    retire_monitor,
)

AnyMonitor: Any = Annotated[reduce(or_, (kind.shape for kind in KINDS.values())), Field(discriminator="kind")]
Name: Any = Annotated[str, StringConstraints(pattern=SLUG)]


class MonitorsSection:
    """`monitors`: what is looked at, how often, and what is expected."""

    key, rank, shape = "monitors", 100, dict[Name, AnyMonitor]

    def names(self, value: dict[str, Any]) -> set[str]:
        """Each monitor, as `monitor:name`."""
        return {f"monitor:{name}" for name in value}

    def check(self, value: dict[str, Any], known: Known) -> list[Problem]:
        """Unknown nodes, and targets this installation may not connect to."""
        problems = []
        for name, monitor in value.items():
            if not known.has("node", monitor.on):
                close = difflib.get_close_matches(monitor.on, known.of("node"), n=1)
                hint = f"did you mean {close[0]}?" if close else "name a function, asset, supplier or site of this file"
                problems.append(Problem((self.key, name, "on"), f"there is nothing named {monitor.on!r}", hint))
            try:
                require_allowed_targets(monitor)
            except WrongSettings as wrong:
                field, message = wrong.problems[0]
                message, _, hint = message.partition("; ")
                problems.append(Problem((self.key, name, *field.split(".")), message, hint))
        return problems

    def read(self) -> dict[str, Any] | None:
        """The monitors in use, as the file would say them."""
        found = {monitor.slug: describe_settings(monitor) for monitor in monitors_in_use().order_by("id")}
        return found or None

    def apply(self, value: dict[str, Any] | None, *, actor: Actor, at: datetime) -> None:
        """Set up, change and retire monitors until they are as the section says."""
        there = {monitor.slug: monitor for monitor in monitors_in_use()}
        for name, settings in (value or {}).items():
            if name in there:
                change_monitor(there[name], settings=settings, actor=actor, at=at)
            else:
                create_monitor(name, settings=settings, actor=actor, at=at)
        for name in sorted(set(there) - set(value or {})):
            retire_monitor(there[name], actor=actor, at=at)


class PeakShape(BaseModel):
    """A time in which trade is not as usual."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200, description="What people call it; the identifier when left out.")
    start: datetime = Field(description="Wall-clock time in the zone, such as 2026-11-27T00:00.")
    end: datetime = Field(description="When it is over.")
    zone: str | None = Field(None, description="Such as Europe/Berlin; the shop's when left out.")
    factor: float = Field(1.0, gt=0, le=1000, description="Trade expected, as a multiple of the usual.")
    stricter_paging: bool = Field(False, description="What would only be degraded pages.")
    change_freeze: bool = Field(False, description="Nothing should be changed in this time.")


class PeaksSection:
    """`peaks`: sales and holidays, which baselines leave out and know by a factor of their own."""

    key, rank, shape = "peaks", 95, dict[Name, PeakShape]

    def names(self, value: dict[str, PeakShape]) -> set[str]:
        """Each peak, as `peak:name`."""
        return {f"peak:{name}" for name in value}

    def check(self, value: dict[str, PeakShape], known: Known) -> list[Problem]:
        """Ends before starts, and zones that do not exist."""
        problems = []
        for name, peak in value.items():
            if peak.zone is not None and peak.zone not in available_timezones():
                problems.append(
                    Problem((self.key, name, "zone"), f"there is no time zone {peak.zone!r}", "Europe/Berlin")
                )
            if (peak.start.tzinfo is None) != (peak.end.tzinfo is None) or peak.end <= peak.start:
                problems.append(
                    Problem((self.key, name, "end"), "it must end after it starts", "give both the same way")
                )
        return problems

    def read(self) -> dict[str, Any] | None:
        """The peaks as the file would say them, in their own zone."""
        found = {}
        for peak in all_peaks():
            zone = ZoneInfo(peak.zone)
            found[peak.slug] = {
                "name": peak.name,
                "start": peak.starts_at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes"),
                "end": peak.ends_at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes"),
                "zone": peak.zone,
                "factor": peak.factor,
                "stricter_paging": peak.has_stricter_paging,
                "change_freeze": peak.has_change_freeze,
            }
        return found or None

    def apply(self, value: dict[str, PeakShape] | None, *, actor: Actor, at: datetime) -> None:
        """Plan, change and remove peaks until they are as the section says."""
        wanted = value or {}
        for slug, peak in wanted.items():
            values = PeakValues(
                name=peak.name or slug,
                start=peak.start,
                end=peak.end,
                zone=peak.zone or str(shop_zone()),
                factor=peak.factor,
                stricter_paging=peak.stricter_paging,
                change_freeze=peak.change_freeze,
            )
            plan_peak(slug, values=values, actor=actor, at=at)
        for peak_row in all_peaks().exclude(slug__in=list(wanted)):
            remove_peak(peak_row, actor=actor, at=at)


class MaintenanceSection:
    """`maintenance`: when work is planned, and on what."""

    key, rank, shape = "maintenance", 110, dict[Name, WindowShape]

    def names(self, value: dict[str, WindowShape]) -> set[str]:
        """Each window, as `window:name`."""
        return {f"window:{name}" for name in value}

    def check(self, value: dict[str, WindowShape], known: Known) -> list[Problem]:
        """Unknown monitors and nodes."""
        problems = []
        for name, window in value.items():
            for field, kind, wanted in (("monitors", "monitor", window.monitors), ("nodes", "node", window.nodes)):
                for place, slug in enumerate(wanted):
                    if not known.has(kind, slug):
                        close = difflib.get_close_matches(slug, known.of(kind), n=1)
                        hint = f"did you mean {close[0]}?" if close else f"name a {kind} of this file"
                        path = (self.key, name, field, place)
                        problems.append(Problem(path, f"there is no {kind} named {slug!r}", hint))
        return problems

    def read(self) -> dict[str, Any] | None:
        """The windows in use, as the file would say them."""
        return {window.slug: describe_window(window) for window in windows_in_use().order_by("id")} or None

    def apply(self, value: dict[str, WindowShape] | None, *, actor: Actor, at: datetime) -> None:
        """Plan, change and call off windows until they are as the section says."""
        there = {window.slug: window for window in windows_in_use()}
        for name, shape in (value or {}).items():
            if name in there:
                change_window(there[name], shape, actor=actor, at=at)
            else:
                plan_window(name, shape, actor=actor, at=at)
        for name in sorted(set(there) - set(value or {})):
            call_off_window(there[name], actor=actor, at=at)
