"""A node to recover, procedures for it, people, and a worker's drive in this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from django.utils import timezone

from stormproof.business.models import Node
from stormproof.core.actor import SYSTEM, Actor
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Procedure, Run
from stormproof.recover.services import drive, start_run, write_procedure

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_numbers = count(1)


def make_node(slug: str = "") -> Node:
    slug = slug or f"orders-db-{next(_numbers)}"
    return Node.objects.create(slug=slug, name=slug, kind="asset", added_at=NOON)


def make_procedure(*steps: dict[str, Any], node: Node | None = None, **more: Any) -> Procedure:
    node = node or make_node()
    shape = ProcedureShape.model_validate(
        {"name": "Promote the standby", "recovers": node.slug, "steps": list(steps), **more}
    )
    return write_procedure(f"procedure-{next(_numbers)}", shape, node=node, actor=SYSTEM, at=NOON)


def make_run(*steps: dict[str, Any], actor: Actor = SYSTEM, mode: str = "real", **more: Any) -> Run:
    return start_run(make_procedure(*steps, **more), reference="incident:1", mode=mode, actor=actor, at=NOON)


def make_person(name: str, *roles: str) -> User:
    return User.objects.create_user(f"{name.lower()}@shop.example", name=name, roles=list(roles or ["responder"]))


def actor_named(name: str, *roles: str) -> Actor:
    return actor_for(make_person(name, *roles))


def driven(run: Run, executor: str = "worker-a") -> Run:
    """The run after a worker drove it as far as it goes."""
    drive(run.pk, executor=executor, clock=timezone.now)
    run.refresh_from_db()
    return run


def states(run: Run) -> dict[str, str]:
    """The state of the last attempt at each step."""
    return {row.step: row.state for row in run.journal.filter(direction="do").order_by("attempt")}


def journal(run: Run) -> list[tuple[str, str, int, str]]:
    return list(run.journal.order_by("id").values_list("step", "direction", "attempt", "state"))


def writes(file: Path, line: str, *, id: str, code: int = 0, seconds: float = 0, **more: Any) -> dict[str, Any]:
    """A command step that appends a line to a file, waits, and ends with `code`."""
    program = (
        "import sys, time; out = open(sys.argv[1], 'a'); out.write(sys.argv[2] + chr(10)); out.flush();"
        " time.sleep(float(sys.argv[3])); print('wrote', sys.argv[2]); sys.exit(int(sys.argv[4]))"
    )
    argv = [sys.executable, "-c", program, str(file), line, str(seconds), str(code)]
    return {"id": id, "kind": "command", "with": {"argv": argv}, **more}


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def wait_for(true: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)
