"""Tasks of an incident: who does what."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.core.refusals import Refused
from stormproof.people.models import User
from stormproof.respond.choices import EntryKind
from stormproof.respond.facts import TaskReminded
from stormproof.respond.models import Incident, Task
from stormproof.respond.services.timeline import write_timeline


class CannotAddTask(Refused):
    """The task has no title, or its person cannot take it."""


class CannotFinishTask(Refused):
    """The task is done already."""


@transaction.atomic
def add_task(
    incident: Incident,
    *,
    title: str,
    assignee: User | None = None,
    due_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Task:
    """Give the incident a task; raises `CannotAddTask`."""
    actor.require("respond.act")
    title = title.strip()
    if not title or len(title) > 200:
        raise CannotAddTask("A task needs a title of at most 200 characters", field="title")
    if assignee is not None and not assignee.is_active:
        raise CannotAddTask(f"{assignee} no longer works here", field="assignee", hint="Choose somebody else.")
    if due_at is not None and due_at <= at:
        raise CannotAddTask("It cannot be due in the past", field="due_at", hint="Leave it empty or choose later.")
    task = Task.objects.create(incident=incident, title=title, assignee=assignee, created_at=at, due_at=due_at)
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


@transaction.atomic
def remind_of_tasks(*, at: datetime) -> int:
    """Mail whoever has a task that is due, or the commander when nobody has it; once a task. Returns how many."""
    due = (
        Task.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("assignee", "incident__commander")
        .filter(due_at__lte=at, done_at__isnull=True, reminded_at__isnull=True)
        .order_by("due_at", "pk")[:200]
    )
    count = 0
    for task in due:
        Task.objects.filter(pk=task.pk).update(reminded_at=at)
        person = task.assignee or task.incident.commander
        if person is None or not person.is_active:
            continue
        text = f"""{task.title}

is due now. It belongs to {task.incident}.

{env.public_url}/incidents/{task.incident.number}/
"""
        post_message(
            channel="email",
            address=person.email,
            payload={"subject": f"Due: {task.title}", "text": text},
            key=f"task:{task.pk}:due",
            at=at,
            about=f"incident:{task.incident_id}",
        )
        tell(TaskReminded(incident_id=task.incident_id, task_id=task.pk, user_id=person.pk), at=at)
        count += 1
    return count
