"""The kinds of faults there are."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from stormproof.engine.probe.guard import AddressRefused
from stormproof.recover.kinds.shapes import ActionShape
from stormproof.rehearse.kinds.contract import CannotInject, FaultKind
from stormproof.rehearse.kinds.http_request import HttpRequest
from stormproof.rehearse.kinds.kill_process import KillProcess

ALL: tuple[FaultKind[Any], ...] = (KillProcess(), HttpRequest())
FAULTS: dict[str, FaultKind[Any]] = {kind.name: kind for kind in ALL}


def fault_of(action: ActionShape) -> tuple[FaultKind[Any], BaseModel]:
    """The kind and its checked `with`; raises `CannotInject` when the code no longer has it or it is wrong."""
    kind = FAULTS.get(action.kind)
    if kind is None:
        raise CannotInject(f"there is no kind of fault named {action.kind!r}; there are {', '.join(FAULTS)}")
    try:
        return kind, kind.shape.model_validate(action.with_)
    except (ValidationError, AddressRefused) as error:
        raise CannotInject(str(error)) from error
