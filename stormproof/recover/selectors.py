"""Procedures and runs, as an actor may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import QuerySet

from stormproof.business.selectors import objective_of
from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.recover.choices import ACTIVE_RUN_STATES, Direction, RunState, StepState
from stormproof.recover.kinds.contract import CannotRunStep
from stormproof.recover.kinds.references import secrets_of
from stormproof.recover.kinds.registry import KINDS, Action, may_repeat, shown, undoable_steps
from stormproof.recover.kinds.shapes import ProcedureShape, StepShape
from stormproof.recover.models import Procedure, Run, StepRun, StopSwitch
from stormproof.recover.rules import RunTimes, masked, times_of

READ = "recover.read"
OVER = (StepState.DONE, StepState.SKIPPED)


def procedure_list(actor: Actor) -> QuerySet[Procedure]:
    """The procedures in use, in the order of the file."""
    if not actor.may(READ):
        return Procedure.objects.none()
    return Procedure.objects.filter(retired_at__isnull=True).select_related("node")


def procedure_for(actor: Actor, slug: str) -> Procedure:
    """One procedure, retired or not; raises `NotFound`."""
    found = Procedure.objects.filter(slug=slug).select_related("node").first()
    if found is None or not actor.may(READ):
        raise NotFound(f"There is no procedure {slug}")
    return found


def procedures_for_nodes(node_ids: Iterable[int]) -> list[Procedure]:
    """The procedures in use that recover any of these nodes, the automatic ones first."""
    found = Procedure.objects.filter(node_id__in=list(node_ids), retired_at__isnull=True).select_related("node")
    return sorted(found, key=lambda procedure: (not procedure.is_automatic, procedure.position, procedure.pk))


def run_list(actor: Actor) -> QuerySet[Run]:
    """All runs, newest first."""
    if not actor.may(READ):
        return Run.objects.none()
    return Run.objects.select_related("procedure", "node")


def last_runs(procedures: Iterable[Procedure]) -> dict[int, Run]:
    """The newest run of each of these procedures, by the procedure's id."""
    newest = Run.objects.filter(procedure__in=list(procedures)).order_by("procedure_id", "-pk").distinct("procedure_id")
    return {run.procedure_id: run for run in newest}


def run_for(actor: Actor, id: int) -> Run:
    """One run; raises `NotFound`."""
    found = Run.objects.filter(pk=id).select_related("procedure", "node").first()
    if found is None or not actor.may(READ):
        raise NotFound(f"There is no run {id}")
    return found


def run_times(run: Run, *, at: datetime | None = None) -> RunTimes:
    """How long people and machines took for `run`; one that is on is measured until `at`."""
    waits = [(row.asked_at, row.answered_at) for row in run.journal.all() if row.asked_at is not None]
    ended_at = run.finished_at or at or run.started_at
    return times_of(started_at=run.started_at, ended_at=ended_at, waits=waits)


@dataclass(frozen=True)
class StepPreview:
    """One step as it would run: what, where, how long, and what if it goes wrong."""

    step: StepShape
    kind_title: str
    where: str
    dry_run: str
    fault: str  # why it could not run as things are, or ""
    is_safe_to_repeat: bool
    can_be_undone: bool
    is_person: bool
    touches: bool
    seconds: float | None  # how long it usually takes; None when nobody knows


@dataclass(frozen=True)
class Preview:
    """A procedure as it would run now."""

    procedure: Procedure
    steps: list[StepPreview]
    usual_seconds: float | None  # the median of its finished runs
    longest_seconds: float  # when every step uses its whole time
    other_run: Run | None  # the run that is on for the same node
    effects_stopped: bool

    @property
    def can_be_undone(self) -> bool:
        """Whether everything that it changes can be taken back."""
        return all(step.can_be_undone for step in self.steps if step.touches)

    @property
    def faults(self) -> list[str]:
        """What stands in the way, in words."""
        return [f"{one.step.title}: {one.fault}" for one in self.steps if one.fault]


def preview_of(procedure: Procedure, *, parameters: Mapping[str, str] | None = None) -> Preview:
    """What a run would do, where and for how long; touches nothing. Missing parameters stay `${name}`."""
    shape = ProcedureShape.model_validate(procedure.definition)
    names = shape.parameters.items()
    defaults = {name: f"${{{name}}}" if one.default is None else one.default for name, one in names}
    values = {**defaults, **{name: value for name, value in (parameters or {}).items() if value}}
    undoable = undoable_steps(shape.steps)
    usual = _usual_seconds(procedure)
    return Preview(
        procedure=procedure,
        steps=[_preview_of_step(step, values, undoable, usual) for step in shape.steps],
        usual_seconds=_median([total for _, total in _finished_totals(procedure)]),
        longest_seconds=float(sum((step.timeout + step.retry_delay) * (step.retries + 1) for step in shape.steps)),
        other_run=active_run_on(procedure.node_id),
        effects_stopped=stop_switch().is_set,
    )


def _preview_of_step(
    step: StepShape, values: Mapping[str, str], undoable: frozenset[str], usual: Mapping[str, float]
) -> StepPreview:
    kind = KINDS.get(step.kind)
    action: Action | None = None
    fault = ""
    try:
        action = shown(step, values)
    except CannotRunStep as error:
        fault = str(error)
    hidden = secrets_of(step.with_, [])
    return StepPreview(
        step=step,
        kind_title=kind.title if kind else step.kind,
        where=masked(action.kind.where(action.with_), hidden) if action else "",
        dry_run=masked(action.kind.dry_run(action.with_), hidden) if action else "",
        fault=fault,
        is_safe_to_repeat=bool(action and may_repeat(step, action)),
        can_be_undone=step.id in undoable,
        is_person=bool(kind and kind.asks),
        touches=bool(kind is None or kind.touches),
        seconds=usual.get(step.id, float(step.takes) if step.takes is not None else None),
    )


def _finished_totals(procedure: Procedure) -> list[tuple[int, float]]:
    runs = Run.objects.filter(procedure=procedure, state=RunState.DONE).order_by("-pk")[:20]
    return [(run.pk, (run.finished_at - run.started_at).total_seconds()) for run in runs if run.finished_at]


def _usual_seconds(procedure: Procedure) -> dict[str, float]:
    """The median time of each step over the last finished runs."""
    runs = [pk for pk, _ in _finished_totals(procedure)]
    times: dict[str, list[float]] = {}
    rows = StepRun.objects.filter(run__in=runs, direction=Direction.DO, state=StepState.DONE, ended_at__isnull=False)
    for row in rows:
        if row.ended_at is not None:
            times.setdefault(row.step, []).append((row.ended_at - row.started_at).total_seconds())
    return {step: median(values) for step, values in times.items()}


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def active_run_on(node_id: int) -> Run | None:
    """The run that acts on the node now, if any."""
    return Run.objects.filter(node_id=node_id, state__in=ACTIVE_RUN_STATES).select_related("procedure").first()


def stop_switch() -> StopSwitch:
    """The stop switch; an unsaved one that is not set while nobody ever set it."""
    return StopSwitch.objects.first() or StopSwitch()


@dataclass(frozen=True)
class RunLine:
    """One step of a run: what it is, where it stands, and every attempt at it."""

    number: int
    preview: StepPreview
    state: str
    rows: list[StepRun]

    @property
    def step(self) -> StepShape:
        """The step as it was when the run began."""
        return self.preview.step

    @property
    def row(self) -> StepRun | None:
        """The last attempt, in either direction."""
        return self.rows[-1] if self.rows else None

    @property
    def is_asked(self) -> bool:
        """Whether a person has to answer."""
        return bool(self.row and self.row.is_asked)

    def seconds(self, at: datetime) -> float | None:
        """How long its attempts took together; None while it has not begun."""
        if not self.rows:
            return None
        return sum(((row.ended_at or row.answered_at or at) - row.started_at).total_seconds() for row in self.rows)


@dataclass(frozen=True)
class RunBoard:
    """A run as its page shows it at one moment."""

    run: Run
    lines: list[RunLine]
    times: RunTimes
    deadline_at: datetime | None
    at: datetime
    effects_stopped: bool

    @property
    def current(self) -> RunLine | None:
        """The step to look at: the one at work or asked about, else the last one that has begun."""
        begun = [line for line in self.lines if line.rows]
        live = [line for line in begun if line.state == StepState.STARTED or line.is_asked]
        return (live or sorted(begun, key=lambda line: line.rows[-1].pk))[-1] if begun else None

    @property
    def asked(self) -> RunLine | None:
        """The step about which a person is asked, if any."""
        return next((line for line in self.lines if line.is_asked), None)

    @property
    def done(self) -> int:
        """How many steps are settled."""
        return sum(line.state in (StepState.DONE, StepState.SKIPPED) for line in self.lines)

    @property
    def is_within_deadline(self) -> bool | None:
        """Whether it ended in time; None while it is on or nothing was promised."""
        if self.deadline_at is None or self.run.finished_at is None:
            return None
        return self.run.finished_at <= self.deadline_at


def board_of(run: Run, *, at: datetime) -> RunBoard:
    """Everything the page of a run shows."""
    shape = ProcedureShape.model_validate(run.definition)
    journal = list(run.journal.order_by("id"))
    undoable, usual = undoable_steps(shape.steps), _usual_seconds(run.procedure)
    lines: list[RunLine] = []
    for number, step in enumerate(shape.steps, start=1):
        rows = [row for row in journal if row.step == step.id]
        is_next = run.is_active and not run.undoing and all(line.state in OVER for line in lines)
        waiting = StepState.READY if is_next else StepState.PENDING
        done = [row for row in rows if row.direction == Direction.DO]
        preview = _preview_of_step(step, run.parameters, undoable, usual)
        lines.append(RunLine(number, preview, done[-1].state if done else waiting, rows))
    return RunBoard(
        run=run,
        lines=lines,
        times=run_times(run, at=at),
        deadline_at=run.deadline_at or _promised(run),
        at=at,
        effects_stopped=stop_switch().is_set,
    )


def _promised(run: Run) -> datetime | None:
    objective = objective_of(run.node_id)
    if objective is None or objective.rto_seconds is None:
        return None
    return run.started_at + timedelta(seconds=objective.rto_seconds)
