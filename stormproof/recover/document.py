"""`procedures:` in continuity.yaml: what may stand there, and making it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from stormproof.business.selectors import node_by_slug
from stormproof.core.actor import Actor
from stormproof.core.document import Known, Problem
from stormproof.people.choices import Role
from stormproof.recover.kinds.registry import KINDS, faults_of_action
from stormproof.recover.kinds.shapes import ActionShape, ProcedureShape, Slug, StepShape
from stormproof.recover.models import Procedure
from stormproof.recover.rules import parameters_in
from stormproof.recover.services.procedures import retire_procedure, write_procedure

Path = tuple[str | int, ...]


class ProceduresSection:
    """A map from slug to procedure."""

    key, rank, shape = "procedures", 200, dict[Slug, ProcedureShape]

    def names(self, value: Mapping[str, ProcedureShape]) -> set[str]:
        """Each slug is a procedure."""
        return {f"procedure:{slug}" for slug in value}

    def check(self, value: Mapping[str, ProcedureShape], known: Known) -> list[Problem]:
        """Unknown nodes, kinds, parameters, teams and steps; a start that nobody could make."""
        return [problem for slug, shape in value.items() for problem in _faults_of(("procedures", slug), shape, known)]

    def read(self) -> dict[str, Any] | None:
        """The procedures in use, as they were written."""
        rows = Procedure.objects.filter(retired_at__isnull=True)
        return {procedure.slug: procedure.definition for procedure in rows} or None

    def apply(self, value: Mapping[str, ProcedureShape], *, actor: Actor, at: datetime) -> None:
        """Write each procedure of the file and retire those it no longer has."""
        for position, (slug, shape) in enumerate(value.items()):
            node = node_by_slug(shape.recovers)
            write_procedure(slug, shape, node=node, position=position, actor=actor, at=at)
        for procedure in Procedure.objects.filter(retired_at__isnull=True).exclude(slug__in=list(value)):
            retire_procedure(procedure, actor=actor, at=at)


def _faults_of(path: Path, shape: ProcedureShape, known: Known) -> Iterator[Problem]:
    if not known.has("node", shape.recovers):
        hint = "name one of the functions, assets, suppliers or sites"
        yield Problem((*path, "recovers"), f"there is nothing named {shape.recovers!r} to recover", hint)
    for name, parameter in shape.parameters.items():
        if shape.start == "automatic" and parameter.default is None:
            hint = "nobody is there to give one: add a default, or start it by_hand"
            yield Problem((*path, "parameters", name), "an automatic procedure needs a default here", hint)
    yield from _unused(path, shape)
    seen: list[str] = []
    for number, step in enumerate(shape.steps):
        yield from _faults_of_step((*path, "steps", number), step, shape, seen, known)
        seen.append(step.id)


def _unused(path: Path, shape: ProcedureShape) -> Iterator[Problem]:
    used = parameters_in([step.model_dump(by_alias=True) for step in shape.steps])
    for name in sorted(set(shape.parameters) - used):
        hint = f"write ${{{name}}} where its value belongs, or remove it"
        yield Problem((*path, "parameters", name), f"no step uses the parameter {name}", hint)


def _faults_of_step(
    path: Path, step: StepShape, shape: ProcedureShape, seen: list[str], known: Known
) -> Iterator[Problem]:
    if step.id in seen:
        yield Problem((*path, "id"), f"two steps are named {step.id!r}", "every step has its own id")
    for need in step.needs or []:
        if need not in seen:
            yield Problem(
                (*path, "needs"), f"no step before this one is named {need!r}", f"before it: {', '.join(seen)}"
            )
    parameters = {name: parameter.default for name, parameter in shape.parameters.items()}
    yield from _faults_of_action(path, step, parameters)
    if step.verify is not None:
        yield from _faults_of_action((*path, "verify"), step.verify, parameters, as_probe=True)
    if step.undo is not None:
        yield from _faults_of_action((*path, "undo"), step.undo, parameters)
        if step.undo.kind in KINDS and KINDS[step.undo.kind].asks:
            yield Problem((*path, "undo", "kind"), f"{step.undo.kind} cannot undo: it asks people", "undo is automatic")
    if step.kind == "approve":
        yield from _faults_of_approval((*path, "with"), step.with_, known)


def _faults_of_action(
    path: Path, action: ActionShape, parameters: Mapping[str, str | None], *, as_probe: bool = False
) -> Iterable[Problem]:
    for below, message, hint in faults_of_action(action, parameters, as_probe=as_probe):
        yield Problem((*path, *below), message, hint)


def _faults_of_approval(path: Path, with_: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    team, role = with_.get("team"), with_.get("role")
    if team and not known.has("team", team):
        yield Problem((*path, "team"), f"there is no team {team!r}", f"teams: {', '.join(known.of('team')) or 'none'}")
    if role and role not in Role.values:
        yield Problem((*path, "role"), f"there is no role {role!r}", f"roles: {', '.join(Role.values)}")
