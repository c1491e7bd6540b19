"""The right to drive a run: a lease with a token that rises, so that a worker back from the dead writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from stormproof.core.facts import Fact, tell
from stormproof.core.live import announce
from stormproof.rehearse.choices import Phase
from stormproof.rehearse.facts import ExercisePhaseReached
from stormproof.rehearse.models import ExerciseRun
from stormproof.rehearse.services.starting import wake

LEASE = timedelta(seconds=12)


class Fenced(Exception):
    """Another worker drives the run now."""


@dataclass(frozen=True)
class Claim:
    """What a driver holds."""

    exercise_run_id: int
    token: int


def claim_exercise(exercise_run_id: int, *, executor: str, at: datetime) -> Claim | None:
    """The right to drive a live run that nobody drives; None when somebody does, or it is over."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=at) | Q(executor=executor)
    taken = (
        ExerciseRun.objects.filter(free, pk=exercise_run_id)
        .exclude(phase=Phase.DONE)
        .update(executor=executor, token=F("token") + 1, lease_until=at + LEASE)
    )
    if not taken:
        return None
    token = ExerciseRun.objects.values_list("token", flat=True).get(pk=exercise_run_id, executor=executor)
    return Claim(exercise_run_id, token)


def renew(claim: Claim, *, at: datetime) -> None:
    """Keep the claim while something long is done."""
    ExerciseRun.objects.filter(pk=claim.exercise_run_id, token=claim.token).update(lease_until=at + LEASE)


@transaction.atomic
def write(claim: Claim, *, at: datetime, fact: Fact | None = None, **values: Any) -> None:
    """Change the run under the claim, and tell what that means. Raises `Fenced`."""
    rows = ExerciseRun.objects.filter(pk=claim.exercise_run_id, token=claim.token).exclude(phase=Phase.DONE)
    if "phase" in values:
        values["phase_since"] = at
    if not rows.update(**{"lease_until": at + LEASE, **values}):
        raise Fenced(f"run {claim.exercise_run_id} is driven by another worker")
    if fact is not None:
        tell(fact, at=at)
    if "phase" in values and values["phase"] != Phase.DONE:
        tell(ExercisePhaseReached(exercise_run_id=claim.exercise_run_id, phase=values["phase"]), at=at)
    elif values:
        announce(f"exercise_run:{claim.exercise_run_id}")


def wake_silent_exercises(*, at: datetime) -> int:
    """Wake a worker for each live run whose driver has gone silent; returns how many."""
    silent = ExerciseRun.objects.exclude(phase=Phase.DONE).filter(Q(lease_until__lt=at) | Q(lease_until__isnull=True))
    count = 0
    with transaction.atomic():
        for run in silent.select_for_update(skip_locked=True):
            wake(run)
            count += 1
    return count
