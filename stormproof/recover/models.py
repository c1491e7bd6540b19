"""Procedures, their versions, their runs and the journal of what each run did."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from stormproof.recover.choices import (
    ACTIVE_RUN_STATES,
    FINISHED_RUN_STATES,
    Answer,
    Direction,
    ProcedureStart,
    Question,
    RunMode,
    RunState,
    StepState,
)


class Procedure(models.Model):
    """The steps that bring one node of the business back."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    node = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="procedures")
    start = models.CharField(max_length=12, choices=ProcedureStart, default=ProcedureStart.BY_HAND)
    definition = models.JSONField(encoder=DjangoJSONEncoder)
    version = models.PositiveIntegerField(default=1)
    position = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "recover_procedure"
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_automatic(self) -> bool:
        """Whether an incident starts this procedure by itself."""
        return self.start == ProcedureStart.AUTOMATIC


class ProcedureVersion(models.Model):
    """A procedure as it was written at one moment; never changed afterwards."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=160)
    definition = models.JSONField(encoder=DjangoJSONEncoder)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=120)

    class Meta:
        db_table = "recover_procedure_version"
        ordering: ClassVar = ["-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["procedure", "version"], name="recover_procedure_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Run(models.Model):
    """One execution of a procedure, with the definition frozen as it was at the start.

    A worker drives it under a claim: `executor` names the worker, `token` rises with each claim, and every write of
    the driver holds only `where token = mine`, so that a worker that comes back from the dead is refused.
    """

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="runs")
    node = models.ForeignKey("business.Node", on_delete=models.PROTECT, related_name="runs")
    version = models.PositiveIntegerField()
    definition = models.JSONField(encoder=DjangoJSONEncoder)
    parameters = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    mode = models.CharField(max_length=8, choices=RunMode, default=RunMode.REAL)
    reference = models.CharField(max_length=80, blank=True, db_index=True)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    undoing = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    started_by = models.CharField(max_length=80)
    started_by_name = models.CharField(max_length=120)
    started_by_user = models.ForeignKey("people.User", on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    abort_asked_at = models.DateTimeField(null=True, blank=True)
    abort_asked_by = models.CharField(max_length=120, blank=True)
    executor = models.CharField(max_length=120, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "recover_run"
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["node"], condition=Q(state__in=ACTIVE_RUN_STATES), name="recover_run_one_per_node"
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="recover_run_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=FINISHED_RUN_STATES, finished_at__isnull=False, lease_until__isnull=True)
                | Q(state__in=ACTIVE_RUN_STATES, finished_at__isnull=True),
                name="recover_run_finished_has_a_time_and_no_lease",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["lease_until"], condition=Q(state=RunState.RUNNING), name="recover_run_leases")
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.procedure_id}"

    @property
    def is_active(self) -> bool:
        """Whether the run has not ended."""
        return self.state in ACTIVE_RUN_STATES

    @property
    def procedure_name(self) -> str:
        """The name the procedure had when the run began."""
        return str(self.definition.get("name", ""))


class StepRun(models.Model):
    """One attempt at one step: the journal. The row is committed before the effect, the result after it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="journal")
    step = models.CharField(max_length=80)
    position = models.PositiveIntegerField()
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.DO)
    attempt = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=14, choices=StepState)
    executor = models.CharField(max_length=120, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    output = models.TextField(blank=True)
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    interrupted = models.BooleanField(default=False)
    question = models.CharField(max_length=10, choices=Question, blank=True, default=Question.NONE)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=16, choices=Answer, blank=True, default=Answer.NONE)
    answered_by = models.CharField(max_length=80, blank=True)
    answered_by_name = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "recover_step_run"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "step", "direction", "attempt"], name="recover_step_run_attempt_once"
            ),
            models.UniqueConstraint(
                fields=["run"], condition=Q(state=StepState.STARTED), name="recover_step_run_one_works_at_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="recover_step_run_state_known"),
            models.CheckConstraint(
                condition=Q(question="") | Q(asked_at__isnull=False), name="recover_step_run_question_has_a_time"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(answered_at__gte=F("asked_at")),
                name="recover_step_run_answered_after_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.step} #{self.attempt} of run {self.run_id}: {self.state}"

    @property
    def is_asked(self) -> bool:
        """Whether a person still has to answer."""
        return bool(self.question) and self.answered_at is None


class Approval(models.Model):
    """What one person decided about one step that needs approval."""

    step_run = models.ForeignKey(StepRun, on_delete=models.CASCADE, related_name="approvals")
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=120)
    decision = models.CharField(max_length=16, choices=[("approved", "Approved"), ("refused", "Refused")])
    via = models.CharField(max_length=8, choices=[("page", "Page"), ("link", "Link"), ("api", "API")])
    note = models.TextField(blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "recover_approval"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step_run", "actor"], name="recover_approval_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.decision}"


class StopSwitch(models.Model):
    """The one switch that keeps every run from starting a new effect; at most one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_set = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    changed_by = models.CharField(max_length=120, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recover_stop_switch"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="recover_stop_switch_only_one")]

    def __str__(self) -> str:
        return "effects stopped" if self.is_set else "effects allowed"
