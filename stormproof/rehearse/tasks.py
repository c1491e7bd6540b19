"""What `rehearse` does later or periodically: driving runs, and taking over those of dead workers."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import datetime

from stormproof.core.clock import now
from stormproof.core.jobs import every, task
from stormproof.rehearse.services import drive_run_of_exercise, wake_silent_exercises

EXECUTOR = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"  # no other process has this name


@task(queue="runs", retries=None)
def drive_exercise(exercise_run_id: int) -> None:
    """Drive a run of an exercise until it is over. A job that dies is not retried: the lease brings another worker."""
    drive_run_of_exercise(exercise_run_id, executor=f"{EXECUTOR}-{uuid.uuid4().hex[:6]}", clock=now)


@every(seconds=3)
def take_over_exercises_of_dead_workers(at: datetime) -> None:
    """Wake a worker for each run whose driver's lease has run out."""
    wake_silent_exercises(at=at)
