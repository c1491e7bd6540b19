"""Looks at a monitor at once, for a person who wants to know; decides nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.core.secrets import CannotOpenSecret
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds import KINDS, read_settings, resolve_config
from stormproof.watch.kinds.kind import BASE_FIELDS, Kind, Tools, limit_s
from stormproof.watch.models import Monitor
from stormproof.watch.services.monitors import own_guard, require_allowed_targets

LIMIT_S = 10.0


class CannotLook(Refused):
    """There is nothing to look at, or a secret for it is missing here."""


def look_now(monitor: Monitor, *, actor: Actor, at: datetime) -> Outcome:
    """One look at a monitor from this process; its state and its history do not change."""
    actor.require("watch.write")
    return _look(monitor.kind, monitor.config, at)


def look_with(settings: Any, *, actor: Actor, at: datetime) -> Outcome:
    """One look with settings that are not saved."""
    actor.require("watch.write")
    require_allowed_targets(settings)
    data = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _look(settings.kind, {key: value for key, value in data.items() if key not in BASE_FIELDS}, at)


def _look(kind_name: str, config: dict[str, Any], at: datetime) -> Outcome:
    kind = KINDS[kind_name]
    if kind.look is None:
        raise CannotLook(f"a {kind.title.lower()} cannot be looked at: it waits to be pinged")
    try:
        shape = read_settings({"kind": kind_name, "on": "-", **resolve_config(kind, config)})
    except (LookupError, CannotOpenSecret) as error:
        raise CannotLook(str(error)) from error
    return asyncio.run(_look_once(kind, shape, at))


async def _look_once(kind: Kind, shape: Any, at: datetime) -> Outcome:
    if kind.look is None:
        raise CannotLook("there is nothing to look at")
    guard = own_guard()
    http = HttpProber(guard)
    try:
        return await kind.look(shape, Tools(guard=guard, http=http, deadline_s=max(LIMIT_S, limit_s(shape, 1)), at=at))
    finally:
        await http.close()
