"""The kinds there are, and how what is written becomes what runs: parameters filled in, secrets opened, all checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from stormproof.recover.kinds.approve import Approve
from stormproof.recover.kinds.command import Command
from stormproof.recover.kinds.contract import CannotRunStep, StepKind
from stormproof.recover.kinds.haproxy import Haproxy
from stormproof.recover.kinds.http import Http
from stormproof.recover.kinds.manual import Manual
from stormproof.recover.kinds.notify import Notify
from stormproof.recover.kinds.postgres_promote import PostgresPromote
from stormproof.recover.kinds.references import (
    fault_of_reference,
    is_reference,
    open_reference,
    references_in,
    secrets_of,
)
from stormproof.recover.kinds.shapes import ActionShape, StepShape
from stormproof.recover.kinds.sql import Sql
from stormproof.recover.kinds.wait_until import WaitUntil
from stormproof.recover.rules import filled, parameters_in

ALL: tuple[StepKind[Any], ...] = (
    Command(),
    Http(),
    Sql(),
    Haproxy(),
    PostgresPromote(),
    WaitUntil(),
    Approve(),
    Manual(),
    Notify(),
)
KINDS: dict[str, StepKind[Any]] = {kind.name: kind for kind in ALL}


def kind_named(name: str) -> StepKind[Any]:
    """The kind of that name; raises `CannotRunStep` when the code no longer has it."""
    if name not in KINDS:
        raise CannotRunStep(f"there is no kind of step named {name}; there are {', '.join(KINDS)}")
    return KINDS[name]


@dataclass(frozen=True)
class Action:
    """A kind with a `with` that is ready to run; `secrets` must be masked in whatever is shown."""

    kind: StepKind[Any]
    with_: BaseModel
    secrets: list[str] = field(default_factory=list)


def ready(action: ActionShape, parameters: Mapping[str, str]) -> Action:
    """`action` with its parameters and secrets put in; raises `CannotRunStep` naming what is missing."""
    kind = kind_named(action.kind)
    opened: list[str] = []
    value = _opened(action.with_, parameters, opened)
    try:
        return Action(kind, kind.shape.model_validate(value), secrets_of(value, opened))
    except ValidationError as error:
        raise CannotRunStep("; ".join(_words(error))) from error


def shown(action: ActionShape, parameters: Mapping[str, str]) -> Action:
    """`action` with its parameters put in and its secrets left closed: for previews and dry runs."""
    kind = kind_named(action.kind)
    try:
        return Action(kind, kind.shape.model_validate(filled(action.with_, parameters)))
    except (ValidationError, KeyError) as error:
        raise CannotRunStep(str(error)) from error


def _opened(value: Any, parameters: Mapping[str, str], opened: list[str]) -> Any:
    """References become secrets and other texts are filled; a parameter's value never becomes a reference."""
    if is_reference(value):
        secret = open_reference(value)
        opened.append(secret)
        return secret
    if isinstance(value, str):
        try:
            return filled(value, parameters)
        except KeyError as error:
            raise CannotRunStep(f"the parameter {error} has no value") from error
    if isinstance(value, Mapping):
        return {key: _opened(inner, parameters, opened) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_opened(inner, parameters, opened) for inner in value]
    return value


def may_repeat(step: StepShape, action: Action) -> bool:
    """Whether running the step twice does no harm: as the step says, otherwise as its kind says."""
    return action.kind.is_safe_to_repeat(action.with_) if step.safe_to_repeat is None else step.safe_to_repeat


def undoable_steps(steps: list[StepShape]) -> frozenset[str]:
    """The ids of the steps that can be undone."""
    return frozenset(
        step.id for step in steps if step.undo is not None or (step.kind in KINDS and KINDS[step.kind].can_undo)
    )


Fault = tuple[tuple[str | int, ...], str, str]  # path below the action, message, hint


def faults_of_action(action: ActionShape, parameters: Mapping[str, str | None], *, as_probe: bool) -> list[Fault]:
    """What is wrong with an action as it is written: kind, shape, parameters, references."""
    kind = KINDS.get(action.kind)
    if kind is None:
        return [(("kind",), f"there is no kind of step named {action.kind!r}", f"There are {', '.join(KINDS)}.")]
    if as_probe and not kind.can_probe:
        able = ", ".join(name for name, known in KINDS.items() if known.can_probe)
        return [(("kind",), f"{action.kind} cannot verify", f"These can: {able}.")]
    unknown = sorted(parameters_in(action.with_) - set(parameters))
    found: list[Fault] = [
        (("with",), f"${{{name}}} is no parameter of the procedure", "Name it under parameters.") for name in unknown
    ]
    found += [(("with",), fault, "") for fault in kind.faults(action.with_)]
    found += [(("with",), fault, "") for text in references_in(action.with_) if (fault := fault_of_reference(text))]
    return found or _faults_of_shape(kind, action, parameters)


def _faults_of_shape(kind: StepKind[Any], action: ActionShape, parameters: Mapping[str, str | None]) -> list[Fault]:
    """Check the shape with the defaults put in; `1` stands for a parameter without one."""
    values = {name: "1" if default is None else default for name, default in parameters.items()}
    try:
        kind.shape.model_validate(filled(action.with_, values))
    except ValidationError as error:
        return [
            (("with", *details["loc"]), f"{details['msg'].removeprefix('Value error, ')}", "")
            for details in error.errors()
        ]
    return []


def _words(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, item['loc'])) or 'with'}: {item['msg']}" for item in error.errors(include_input=False)]
