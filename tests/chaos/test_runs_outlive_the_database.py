"""The database goes away in the middle of a step: the step goes on, its result is written once, nothing runs twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stormproof.core.embedded import start_database, stop_database
from tests.recover.make import lines, wait_for

BEGIN = """
import sys; from datetime import datetime, UTC
import django; django.setup()
from tests.recover.make import make_run, writes
from pathlib import Path
out = Path(sys.argv[1])
print(make_run(writes(out, "one", id="one", seconds=8), writes(out, "two", id="two")).pk)
"""
LOOK = """
import sys, json
import django; django.setup()
from stormproof.recover.models import Run
run = Run.objects.get(pk=sys.argv[1])
print(json.dumps([run.state, list(run.journal.order_by("id").values_list("step", "attempt", "state", "token"))]))
"""
WORK = "import django; django.setup(); from stormproof.worker.run import run_worker; run_worker()"


class Installation:
    """A data folder of its own with a database that may be stopped."""

    def __init__(self, folder: Path) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "STORMPROOF_TEST_DIR")}
        own = {"STORMPROOF_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "stormproof.settings"}
        self.folder, self.environment = folder, {**kept, **own}

    def python(self, *words: str) -> str:
        command = [sys.executable, "-W", "ignore", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    folder = tmp_path / "data"
    folder.mkdir()
    start_database(folder, durable=False)
    found = Installation(folder)
    found.python("-m", "stormproof", "prepare", "--json")
    start_database(folder, durable=False)
    yield found
    stop_database(folder)


def test_a_step_outlives_an_outage_of_the_database(tmp_path: Path, installation: Installation) -> None:
    out = tmp_path / "out"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORK], env=installation.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        run = installation.python("-c", BEGIN, str(out)).splitlines()[-1]
        wait_for(lambda: lines(out) == ["one"], 60)
        stop_database(installation.folder)
        time.sleep(4)
        start_database(installation.folder, durable=False)
        found = said = json.loads(installation.python("-c", LOOK, run).splitlines()[-1])
        until = time.monotonic() + 60
        while found[0] == "running" and time.monotonic() < until:
            found = json.loads(installation.python("-c", LOOK, run).splitlines()[-1])
        assert worker.poll() is None
        assert found == ["done", [["one", 1, "done", 1], ["two", 1, "done", 1]]], said
        assert lines(out) == ["one", "two"]
    finally:
        worker.kill()
        worker.wait()
