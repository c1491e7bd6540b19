"""The section `monitors` of continuity.yaml."""

from __future__ import annotations

import difflib
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Known, Problem
from stormproof.watch.kinds import KINDS, WrongSettings
from stormproof.watch.selectors import monitors_in_use
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
