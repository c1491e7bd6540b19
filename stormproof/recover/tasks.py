"""What `recover` does later or periodically: driving runs, and taking over those of dead workers."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import datetime

from stormproof.core.clock import now
from stormproof.core.jobs import every, task
from stormproof.recover.services.driving import drive, take_over_silent_runs

EXECUTOR = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"  # no other process has this name


@task(queue="runs", retries=None)
def drive_run(run_id: int) -> None:
    """Drive a run as far as it goes. A job that dies is not retried: the lease brings another worker."""
    drive(run_id, executor=EXECUTOR, clock=now)


@every(seconds=1)
def take_over_runs_of_dead_workers(at: datetime) -> None:
    """Wake a worker for each run whose driver's lease has run out."""
    take_over_silent_runs()
