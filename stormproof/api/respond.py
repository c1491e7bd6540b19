"""Incidents for programs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from ninja import Router, Schema, Status
from ninja.pagination import paginate

from stormproof.api.base import Request
from stormproof.business import selectors as business
from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.people import selectors as people
from stormproof.people.models import User
from stormproof.recover import selectors as recover
from stormproof.respond import selectors, services
from stormproof.respond.choices import EntryGroup, EntryKind, IncidentState
from stormproof.respond.models import Incident, Task, TimelineEntry
from stormproof.respond.selectors import Situation

router = Router(tags=["respond"])
STATES = (*IncidentState.values, "unresolved")


class IncidentOut(Schema):
    """An incident in a list."""

    number: int
    label: str
    title: str
    severity: int
    severity_reason: str
    state: str
    stage: str
    is_drill: bool
    is_private: bool
    root_cause: str | None
    functions: list[str]
    commander: str | None
    impact_started_at: datetime
    impact_ended_at: datetime | None
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    resolution: str

    @staticmethod
    def resolve_root_cause(incident: Incident) -> str | None:
        """The short name of the node that is the cause."""
        return incident.root_node.slug if incident.root_node else None

    @staticmethod
    def resolve_functions(incident: Incident) -> list[str]:
        """The short names of the functions it hits."""
        return [node.slug for node in incident.functions.all()]

    @staticmethod
    def resolve_commander(incident: Incident) -> str | None:
        """The commander's e-mail address."""
        return incident.commander.email if incident.commander else None


class SituationOut(Schema):
    """An incident with its figures at the moment of asking."""

    incident: IncidentOut
    at: datetime
    revenue_per_minute: Decimal
    revenue_so_far: Decimal
    currency: str
    rto_deadline: datetime | None
    rto_seconds_left: float | None
    rto_broken: bool | None
    procedures_ready: list[str]
    paged: list[str]


class EntryOut(Schema):
    """One line of the timeline."""

    id: int
    at: datetime
    kind: str
    group: str
    text: str
    author_name: str
    is_pinned: bool


class TaskOut(Schema):
    """One task."""

    id: int
    title: str
    assignee: str | None
    created_at: datetime
    due_at: datetime | None
    done_at: datetime | None

    @staticmethod
    def resolve_assignee(task: Task) -> str | None:
        """The e-mail address of the person who has it."""
        return task.assignee.email if task.assignee else None


class DeclareIn(Schema):
    """What a person or a program sees before the monitors do."""

    title: str
    functions: list[str] = []
    root_cause: str | None = None
    severity: int | None = None
    is_private: bool = False


class ResolveIn(Schema):
    """What ended it."""

    reason: str
    despite_red: bool = False


class SeverityIn(Schema):
    """Another severity, 1 to 4, and why."""

    severity: int
    reason: str = ""


class HandOverIn(Schema):
    """Who commands from now on, by e-mail address."""

    to: str


class NoteIn(Schema):
    """A line of a kind that people write: note, decision or observation."""

    text: str
    kind: str = EntryKind.NOTE.value
    is_pinned: bool = False


class TaskIn(Schema):
    """A task; `assignee` is an e-mail address."""

    title: str
    assignee: str | None = None
    due_at: datetime | None = None


class RunIn(Schema):
    """A procedure to start, by its short name."""

    procedure: str
    parameters: dict[str, str] = {}


class RunOut(Schema):
    """The run that was started."""

    id: int
    state: str
    mode: str


def incident_of(request: Request, number: int) -> Incident:
    """The incident of that number, if the actor may know of it."""
    return selectors.incident_numbered(request.actor, number)


@router.get("/incidents", response=list[IncidentOut], summary="List incidents")
@paginate
def list_incidents(
    request: Request,
    *,
    state: str = "",
    severity: int | None = None,
    drill: bool | None = None,
    node: str = "",
    search: str = "",
) -> QuerySet[Incident]:
    """Incidents, newest first; `node` is the short name of the cause or of a function."""
    request.actor.require(selectors.READ)
    return selectors.incident_list(
        request.actor, state=_one_of("state", state, STATES), severity=severity, drill=drill, node=node, search=search
    )


@router.get("/incidents/{int:number}", response=SituationOut, summary="One incident with its figures")
def get_incident(request: Request, number: int) -> dict[str, object]:
    """One incident: what it costs, what is promised, who was paged."""
    return _told(selectors.situation_of(incident_of(request, number), now()))


@router.get("/incidents/{int:number}/timeline", response=list[EntryOut], summary="Timeline")
@paginate
def list_timeline(request: Request, number: int, group: str = "") -> QuerySet[TimelineEntry]:
    """What happened, newest first."""
    return selectors.timeline_of(incident_of(request, number), group=_one_of("group", group, EntryGroup.values))


@router.get("/incidents/{int:number}/tasks", response=list[TaskOut], summary="Tasks")
@paginate
def list_incident_tasks(request: Request, number: int) -> QuerySet[Task]:
    """The tasks, open ones first."""
    return selectors.tasks_of(incident_of(request, number))


@router.post("/incidents", response={201: SituationOut}, summary="Declare an incident")
def declare_incident(request: Request, new: DeclareIn) -> Status[dict[str, object]]:
    """Open an incident by hand; the team of the root cause is paged."""
    incident = services.declare_incident(
        title=new.title,
        functions=[business.node_by_slug(slug) for slug in new.functions],
        root=business.node_by_slug(new.root_cause) if new.root_cause else None,
        severity=new.severity,
        is_private=new.is_private,
        actor=request.actor,
        at=now(),
    )
    return Status(201, _told(selectors.situation_of(incident, now())))


@router.post("/incidents/{int:number}/acknowledge", response=SituationOut, summary="Acknowledge")
def acknowledge_incident(request: Request, number: int) -> dict[str, object]:
    """Say "I am on it": the paging stops."""
    services.acknowledge_incident(incident_of(request, number), actor=request.actor, at=now())
    return get_incident(request, number)


@router.post("/incidents/{int:number}/resolve", response=SituationOut, summary="Resolve")
def resolve_incident(request: Request, number: int, end: ResolveIn) -> dict[str, object]:
    """End an incident by hand."""
    services.resolve_incident(
        incident_of(request, number), reason=end.reason, despite_red=end.despite_red, actor=request.actor, at=now()
    )
    return get_incident(request, number)


@router.post("/incidents/{int:number}/severity", response=SituationOut, summary="Change the severity")
def change_severity(request: Request, number: int, new: SeverityIn) -> dict[str, object]:
    """Set the severity by hand."""
    services.change_severity(
        incident_of(request, number), severity=new.severity, reason=new.reason, actor=request.actor, at=now()
    )
    return get_incident(request, number)


@router.post("/incidents/{int:number}/hand-over", response=SituationOut, summary="Hand over")
def hand_over(request: Request, number: int, new: HandOverIn) -> dict[str, object]:
    """Make somebody else the commander."""
    services.hand_over(incident_of(request, number), to=person_of(new.to), actor=request.actor, at=now())
    return get_incident(request, number)


@router.post("/incidents/{int:number}/notes", response={204: None}, summary="Add a note")
def add_note(request: Request, number: int, note: NoteIn) -> Status[None]:
    """Write a note on the timeline."""
    services.add_note(
        incident_of(request, number),
        text=note.text,
        kind=note.kind,
        is_pinned=note.is_pinned,
        actor=request.actor,
        at=now(),
    )
    return Status(204, None)


@router.post("/incidents/{int:number}/tasks", response={201: TaskOut}, summary="Add a task")
def add_task(request: Request, number: int, new: TaskIn) -> Status[Task]:
    """Give the incident a task."""
    assignee = person_of(new.assignee) if new.assignee else None
    incident = incident_of(request, number)
    return Status(
        201,
        services.add_task(
            incident, title=new.title, assignee=assignee, due_at=new.due_at, actor=request.actor, at=now()
        ),
    )


@router.post("/incidents/{int:number}/tasks/{int:id}/done", response={204: None}, summary="Finish a task")
def finish_task(request: Request, number: int, id: int) -> Status[None]:
    """Mark a task done."""
    task = selectors.task_for(request.actor, incident_of(request, number), id)
    services.finish_task(task, actor=request.actor, at=now())
    return Status(204, None)


@router.post("/incidents/{int:number}/runs", response={201: RunOut}, summary="Run a procedure")
def start_procedure(request: Request, number: int, new: RunIn) -> Status[object]:
    """Start a procedure for the incident."""
    procedure = recover.procedure_for(request.actor, new.procedure)
    run = services.start_procedure(
        incident_of(request, number), procedure, parameters=new.parameters, actor=request.actor, at=now()
    )
    return Status(201, run)


def _one_of(field: str, value: str, choices: Collection[str]) -> str:
    """`value` when it is empty or one of `choices`; raises `Refused` naming the field."""
    if value and value not in choices:
        raise Refused(f"{value!r} is no {field}", field=field, hint=f"Choose one of {', '.join(choices)}.")
    return value


def person_of(email: str) -> User:
    """The person with that address; raises `NotFound`."""
    found = people.people_by_email([email]).get(email.lower())
    if found is None:
        raise NotFound(f"Nobody has the address {email}")
    return found


def _told(situation: Situation) -> dict[str, object]:
    clock = situation.clock
    return {
        "incident": situation.incident,
        "at": situation.at,
        "revenue_per_minute": round(situation.per_minute, 2),
        "revenue_so_far": round(situation.so_far, 2),
        "currency": situation.currency,
        "rto_deadline": clock.deadline if clock else None,
        "rto_seconds_left": clock.left.total_seconds() if clock else None,
        "rto_broken": clock.is_broken if clock else None,
        "procedures_ready": [step.procedure.slug for step in situation.ready],
        "paged": [page.person.email for page in situation.paged if page.person],
    }
