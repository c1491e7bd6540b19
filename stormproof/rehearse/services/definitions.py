"""Writing exercises: from the file, each with its definition as it was read."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.rehearse.facts import ExerciseDefined, ExerciseRetired
from stormproof.rehearse.kinds.shapes import ExerciseShape
from stormproof.rehearse.models import Exercise


@transaction.atomic
def define_exercise(
    slug: str, shape: ExerciseShape, *, target: Node, position: int, actor: Actor, at: datetime
) -> Exercise:
    """Write an exercise, or change the one of that slug; what is so already is not told again."""
    actor.require("rehearse.write")
    wanted = {"name": shape.name, "target_id": target.pk, "definition": shape.file_form(), "retired_at": None}
    found = Exercise.objects.select_for_update().filter(slug=slug).first() or Exercise(slug=slug, added_at=at)
    changed = found.pk is None or any(getattr(found, name) != value for name, value in wanted.items())
    for name, value in {**wanted, "position": position}.items():
        setattr(found, name, value)
    found.save()
    if changed:
        tell(ExerciseDefined(exercise_id=found.pk, node_id=target.pk), at=at, actor=actor)
    return found


@transaction.atomic
def retire_exercise(exercise: Exercise, *, actor: Actor, at: datetime) -> None:
    """Take an exercise out of use; its runs stay."""
    actor.require("rehearse.write")
    if Exercise.objects.filter(pk=exercise.pk, retired_at__isnull=True).update(retired_at=at):
        tell(ExerciseRetired(exercise_id=exercise.pk), at=at, actor=actor)
