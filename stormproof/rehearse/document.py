"""The section `exercises` of continuity.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from stormproof.business.selectors import node_by_slug
from stormproof.core.actor import Actor
from stormproof.core.document import Known, Problem
from stormproof.recover.kinds.registry import faults_of_action
from stormproof.recover.kinds.shapes import Slug
from stormproof.rehearse.kinds.contract import CannotInject
from stormproof.rehearse.kinds.registry import FAULTS, fault_of
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.selectors import exercises_in_use
from stormproof.rehearse.services import define_exercise, retire_exercise

Path = tuple[str | int, ...]


class ExercisesSection:
    """A map from slug to exercise."""

    key, rank, shape = "exercises", 500, dict[Slug, ExerciseShape]

    def names(self, value: Mapping[str, ExerciseShape]) -> set[str]:
        """Each slug is an exercise."""
        return {f"exercise:{slug}" for slug in value}

    def check(self, value: Mapping[str, ExerciseShape], known: Known) -> list[Problem]:
        """Unknown targets, targets that may not be broken, unknown kinds, acts that cannot run."""
        return [problem for slug, shape in value.items() for problem in _faults((self.key, slug), shape, known)]

    def read(self) -> dict[str, Any] | None:
        """The exercises in use, as they were written."""
        return {exercise.slug: exercise.definition for exercise in exercises_in_use()} or None

    def apply(self, value: Mapping[str, ExerciseShape] | None, *, actor: Actor, at: datetime) -> None:
        """Write each exercise of the file and retire those it no longer has."""
        wanted = value or {}
        for position, (slug, shape) in enumerate(wanted.items()):
            target = node_by_slug(shape.target)
            define_exercise(slug, shape, target=target, position=position, actor=actor, at=at)
        for exercise in exercises_in_use().exclude(slug__in=list(wanted)):
            retire_exercise(exercise, actor=actor, at=at)


def _faults(path: Path, shape: ExerciseShape, known: Known) -> Iterator[Problem]:
    if not known.has("node", shape.target):
        hint = "name one of the functions, assets, suppliers or sites"
        yield Problem((*path, "target"), f"there is nothing named {shape.target!r} to break", hint)
    elif not _may_be_broken(shape.target, known):
        hint = f"write `rehearsable: true` at {shape.target}, if it really may be broken on purpose"
        yield Problem((*path, "target"), f"{shape.target} is not marked as rehearsable", hint)
    try:
        fault_of(shape.fault)
    except CannotInject as error:
        key = "with" if shape.fault.kind in FAULTS else "kind"
        yield Problem((*path, "fault", key), str(error), f"kinds of faults: {', '.join(FAULTS)}")
    for below, message, hint in faults_of_action(shape.recovered_when, {}, as_probe=True):
        yield Problem((*path, "recovered_when", *below), message, hint)
    for number, action in enumerate(shape.clean_up):
        for below, message, hint in faults_of_action(action, {}, as_probe=False):
            yield Problem((*path, "clean_up", number, *below), message, hint)


def _may_be_broken(slug: str, known: Known) -> bool:
    for section in ("functions", "assets", "suppliers", "sites"):
        node = (known.document.get(section) or {}).get(slug)
        if node is not None:
            return bool(node.rehearsable)
    return True  # it is in the database and not in this file; the start of a run looks again
