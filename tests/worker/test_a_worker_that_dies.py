"""Real worker processes: jobs flow, a killed worker's job is taken up again, a failing reaction is parked."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from stormproof.core.facts import tell
from stormproof.core.jobs import defer
from stormproof.core.models import ParkedReaction
from tests.worker.errands import ErrandAsked, time_a_hop

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAM = """
import django; django.setup()
import tests.worker.errands
from stormproof.core import delivery
from stormproof.core.tasks import PatientRetry
PatientRetry.waits = (0.1,)
from stormproof.worker.run import run_worker
run_worker()
"""


@pytest.fixture
def start_worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "stormproof.settings"}
        worker = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.DEVNULL)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def wait_for(true: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def ask(file: Path, *, errand_id: int = 1, seconds: float = 0) -> None:
    with transaction.atomic():
        tell(ErrandAsked(errand_id=errand_id, file=str(file), seconds=seconds), at=timezone.now())


def test_the_job_of_a_killed_worker_is_taken_up_within_ten_seconds(
    tmp_path: Path, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    file = tmp_path / "lines"
    start_worker()
    start_worker()
    wait_for(lambda: ProcrastinateWorker.objects.count() == 2, 60)
    ask(file, seconds=3)
    wait_for(lambda: lines(file), 30)
    first = int(lines(file)[0].split()[1])
    os.kill(first, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_for(lambda: len(lines(file)) >= 2, 20)
    taken_up_after = time.monotonic() - killed_at
    wait_for(lambda: len(lines(file)) == 3, 20)
    assert int(lines(file)[1].split()[1]) != first
    assert taken_up_after < 10
    wait_for(lambda: not ProcrastinateJob.objects.filter(status__in=["todo", "doing"]).exists(), 10)
    assert len(lines(file)) == 3


def test_a_reaction_that_keeps_failing_is_parked_and_blocks_nobody(
    tmp_path: Path, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    start_worker()
    ask(tmp_path / "bad", errand_id=-1)
    ask(tmp_path / "good")
    wait_for(lambda: len(lines(tmp_path / "good")) == 2, 30)
    wait_for(ParkedReaction.objects.exists, 60)
    parked = ParkedReaction.objects.get()
    assert parked.reaction.endswith("stumble_when_an_errand_is_asked")
    assert parked.error == "ValueError: this errand cannot be run"
    assert len(lines(tmp_path / "bad")) == 2


def test_a_job_starts_within_a_blink(tmp_path: Path, start_worker: Callable[[], subprocess.Popen[bytes]]) -> None:
    file = tmp_path / "hops"
    start_worker()
    for count in range(1, 22):
        with transaction.atomic():
            defer(time_a_hop, file=str(file), asked_at=time.time())
        wait_for(lambda count=count: len(lines(file)) == count, 30)
    assert statistics.median(map(float, lines(file)[1:])) < 0.5
