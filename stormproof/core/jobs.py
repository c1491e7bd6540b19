"""Durable work: tasks, timers and how they are deferred (procrastinate over PostgreSQL).

A job is a row: deferred inside a transaction it exists exactly when that transaction commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.retry import RetryStrategy

Body = TypeVar("Body", bound=Callable[..., Any])
TimerBody = Callable[..., Any]

RETRIES = RetryStrategy(max_attempts=5, exponential_wait=2)  # after 2, 4, 8, 16 s


@dataclass(frozen=True)
class Every:
    """One periodic task: its name, how often, and what runs."""

    name: str
    seconds: float
    body: TimerBody


TIMERS: dict[str, Every] = {}
_names: dict[Callable[..., Any], str] = {}
_queues: dict[str, str] = {}


def task(*, queue: str = "default", retries: RetryStrategy | None = RETRIES) -> Callable[[Body], Body]:
    """Make a function a job: plain keyword arguments, run in a worker thread, retried when it fails."""

    def register(body: Body) -> Body:
        name = f"{body.__module__.removeprefix('stormproof.').removesuffix('.tasks')}.{body.__name__}"
        _names[body] = name
        _queues[name] = queue
        app.task(name=name, queue=queue, retry=retries or False, pass_context=True)(_with_its_id_in_logs(body))
        return body

    return register


def _with_its_id_in_logs(body: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(body)
    def run(context: JobContext, **arguments: Any) -> Any:
        with structlog.contextvars.bound_contextvars(job=context.job.id, task=context.job.task_name):
            return body(**arguments)

    return run


def every(*, seconds: float) -> Callable[[Body], Body]:
    """Run a function each `seconds`, on one worker a tick: `body(at)`. It is idempotent and works on sets of rows."""

    def register(body: Body) -> Body:
        name = f"{body.__module__.removeprefix('stormproof.').removesuffix('.tasks')}.{body.__name__}"
        TIMERS[name] = Every(name=name, seconds=seconds, body=body)
        return body

    return register


def defer(
    body: Callable[..., Any],
    /,
    *,
    lock: str | None = None,
    delay_seconds: float = 0,
    at: datetime | None = None,
    priority: int = 0,
    **arguments: Any,
) -> None:
    """Run a task later, in the caller's transaction. `lock` keeps two jobs of one lock from running at once."""
    name = _names[body]
    defer_named(
        name, queue=_queues[name], lock=lock, delay_seconds=delay_seconds, at=at, priority=priority, **arguments
    )


def defer_named(
    name: str,
    /,
    *,
    queue: str = "default",
    lock: str | None = None,
    delay_seconds: float = 0,
    at: datetime | None = None,
    priority: int = 0,
    **arguments: Any,
) -> None:
    """As `defer`, by the task's name."""
    options: dict[str, Any] = {"queue": queue, "lock": lock, "priority": priority}
    if at is not None:
        options["schedule_at"] = at
    elif delay_seconds:
        options["schedule_in"] = {"seconds": delay_seconds}
    app.configure_task(name, allow_unknown=True, **options).defer(**arguments)
