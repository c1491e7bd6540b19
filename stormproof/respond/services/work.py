"""Tasks of an incident: who does what."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind
from stormproof.respond.models import Incident, Task
from stormproof.respond.services.timeline import write_timeline


class CannotAddTask(Refused):
    """The task has no title, or its person cannot take it."""


class CannotFinishTask(Refused):
    """The task is done already."""


@transaction.atomic
def add_task(incident: Incident, *, title: str, assignee: User | None = None, actor: Actor, at: datetime) -> Task:
    """Give the incident a task; raises `CannotAddTask`."""
    actor.require("respond.act")
    title = title.strip()
    if not title or len(title) > 200:
        raise CannotAddTask("A task needs a title of at most 200 characters", field="title")
    if assignee is not None and not assignee.is_active:
        raise CannotAddTask(f"{assignee} no longer works here", field="assignee", hint="Choose somebody else.")
    task = Task.objects.create(incident=incident, title=title, assignee=assignee, created_at=at)
    whose = f" for {assignee}" if assignee else ""
    write_timeline(incident, kind=EntryKind.TASK, text=f"Task{whose}: {title}", actor=actor, at=at)
    return task


@transaction.atomic
def assign_task(task: Task, *, assignee: User | None, actor: Actor, at: datetime) -> None:
    """Give the task to somebody, or to nobody."""
    actor.require("respond.act")
    if assignee is not None and not assignee.is_active:
        raise CannotAddTask(f"{assignee} no longer works here", field="assignee", hint="Choose somebody else.")
    Task.objects.filter(pk=task.pk).update(assignee=assignee)
    text = f"{assignee} takes: {task.title}" if assignee else f"Nobody has this task now: {task.title}"
    write_timeline(task.incident, kind=EntryKind.TASK, text=text, actor=actor, at=at)


@transaction.atomic
def finish_task(task: Task, *, actor: Actor, at: datetime) -> None:
    """Mark the task done; raises `CannotFinishTask` when somebody was faster."""
    actor.require("respond.act")
    if not Task.objects.filter(pk=task.pk, done_at__isnull=True).update(done_at=at, done_by_id=actor.user_id):
        raise CannotFinishTask(f"“{task.title}” is done already")
    write_timeline(task.incident, kind=EntryKind.TASK, text=f"Done: {task.title}", actor=actor, at=at)
