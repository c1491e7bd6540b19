"""The scene of the chaos tests: the shop loses its database while customers order, and we lose a process meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.running import ROOT, Running, wait_until

EXERCISE = "shop-database-loss"
OVER_S = 240.0


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What is killed, and when: seconds after the exercise began (the scenario takes about 25)."""

    target: str
    after_s: float

    def __str__(self) -> str:
        return f"{self.target} after {self.after_s:.2f} s"


def play(stormproof: Running, *kills: Kill) -> int:
    """Run the exercise with `kills` in it and wait for its end; the number of the exercise's run."""
    last = stormproof.rows("select coalesce(max(id), 0) as id from rehearse_exerciserun")[0]["id"]
    command = [sys.executable, "-m", "stormproof", "rehearse", "run", EXERCISE, "--json"]
    with (stormproof.folder / "rehearse.log").open("ab") as output:
        asked = subprocess.Popen(command, cwd=ROOT, env=stormproof.environment, stdout=output, stderr=output)
        try:
            found = wait_until(
                lambda: stormproof.rows("select id from rehearse_exerciserun where id > %s", last),
                seconds=60,
                why=f"the exercise begins\n{stormproof.log}",
            )
            began = time.monotonic()
            for kill in sorted(kills, key=lambda one: one.after_s):
                wait_until(lambda at=began + kill.after_s: time.monotonic() >= at, seconds=60, why="the moment")
                _carry_out(stormproof, kill)
            _see_the_end(stormproof, found[0]["id"])
        finally:
            asked.kill()
            asked.wait()
    wait_until(stormproof.is_ready, seconds=120, why=f"ready again\n{stormproof.log}")
    return int(found[0]["id"])


def faults_of(stormproof: Running, exercise_run: int) -> list[str]:
    """Everything that a kill must not do, and did."""
    (exercise,) = stormproof.rows("select * from rehearse_exerciserun where id = %s", exercise_run)
    faults = []
    if exercise["recovered_at"] is None:
        faults.append(f"the shop did not recover: {exercise['gaps']} {exercise['abort_reason']}")
    if not exercise["orders_acknowledged"]:
        faults.append(f"no order was acknowledged or counted: {exercise['gaps']}")
    if exercise["orders_lost"]:
        faults.append(f"acknowledged orders are lost: {exercise['orders_lost']}")
    if exercise["incident_id"] is None:
        return [*faults, "no incident was opened for it"]
    incident = exercise["incident_id"]
    return [*faults, *_doubled_steps(stormproof, exercise["run_id"]), *_lost_pages(stormproof, incident)]


def _carry_out(stormproof: Running, kill: Kill) -> None:
    if kill.target == "everything":
        stormproof.kill_everything()
        stormproof.start()
        return
    mark = wait_until(lambda: stormproof.part(kill.target), seconds=60, why=f"{kill.target} lives")
    os.kill(mark.pid, signal.SIGKILL)


def _see_the_end(stormproof: Running, exercise_run: int) -> None:
    """Wait for the end of the exercise, its clean-up included; answer what the run asks, as a person would."""
    deadline = time.monotonic() + OVER_S
    while True:
        (exercise,) = stormproof.rows("select phase, run_id from rehearse_exerciserun where id = %s", exercise_run)
        if exercise["phase"] == "done":
            return
        assert time.monotonic() < deadline, f"the exercise hangs in {exercise}\n{stormproof.log}"
        for asked in stormproof.rows(
            "select run_id, step, question from recover_step_run where question <> '' and answered_at is null"
        ):
            _answer(stormproof, asked)
        time.sleep(0.3)


def _answer(stormproof: Running, asked: dict[str, Any]) -> None:
    """A person looks at the shop: if the standby leads, the promotion happened; other steps can be done again."""
    roles = json.loads(stormproof.shop("status"))["roles"]
    happened = asked["step"] == "promote" and roles["db-b"] == "primary"
    say = {"unknown": "happened" if happened else "did_not_happen", "failed": "retry"}.get(
        asked["question"], "approved"
    )
    stormproof.run("run", "answer", str(asked["run_id"]), asked["step"], say, "--note", "chaos", check=False)


def _doubled_steps(stormproof: Running, run: int | None) -> list[str]:
    """Steps that took effect twice, by the journal: a second attempt is right only when the first did not happen."""
    if run is None:
        return ["no procedure was run for it"]
    rows = stormproof.rows("select * from recover_step_run where run_id = %s and direction = 'do' order by id", run)
    done: dict[str, int] = {}
    for row in rows:
        done[row["step"]] = done.get(row["step"], 0) + (row["state"] == "done")
    doubled = [f"step {step} is done {count} times" for step, count in done.items() if count > 1]
    (state,) = stormproof.rows("select state, reason from recover_run where id = %s", run)
    if state["state"] != "done":
        doubled.append(f"the run ended as {state['state']}: {state['reason']}")
    return doubled


def _lost_pages(stormproof: Running, incident: int) -> list[str]:
    """Pages that were meant for somebody and are not in a mailbox."""
    pages = stormproof.rows("select key, state, channel from respond_page where incident_id = %s", incident)
    if not pages:
        return ["nobody was paged"]
    values = dict(line.split("=", 1) for line in stormproof.shop("env").splitlines())
    with urllib.request.urlopen(f"{values['MAILBOX_URL']}/messages", timeout=10) as answer:
        received = {message["headers"].get("Message-ID", "") for message in json.load(answer)["messages"]}
    lost = []
    for page in pages:
        sign = hashlib.sha256(page["key"].encode()).hexdigest()[:32]
        if page["channel"] == "email" and not any(sign in message for message in received):
            lost.append(f"page {page['key']} ({page['state']}) never arrived")
    return lost
