"""The words of a run: what a procedure, a run and a step can be."""

from __future__ import annotations

from django.db.models import TextChoices


class ProcedureStart(TextChoices):
    """Who starts a procedure."""

    AUTOMATIC = "automatic", "Automatic"
    BY_HAND = "by_hand", "By hand"


class RunMode(TextChoices):
    """Whether a run is the real thing or part of an exercise."""

    REAL = "real", "Real"
    DRILL = "drill", "Drill"


class RunState(TextChoices):
    """Where a run is."""

    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting for a person"
    HELD = "held", "Held by the stop switch"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    ABORTED = "aborted", "Stopped by a person"
    UNDONE = "undone", "Undone"


ACTIVE_RUN_STATES = (RunState.RUNNING, RunState.WAITING, RunState.HELD)
FINISHED_RUN_STATES = (RunState.DONE, RunState.FAILED, RunState.ABORTED, RunState.UNDONE)


class StepState(TextChoices):
    """Where one step of a run is. `pending` and `ready` are steps without a row in the journal yet."""

    PENDING = "pending", "To come"
    READY = "ready", "Next"
    STARTED = "started", "Working"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    SKIPPED = "skipped", "Skipped"
    WAITING_HUMAN = "waiting_human", "Waiting for a person"
    UNDONE = "undone", "Undone"


class Direction(TextChoices):
    """Whether a row of the journal does a step or undoes it."""

    DO = "do", "Do"
    UNDO = "undo", "Undo"


class OnFailure(TextChoices):
    """What follows when a step has failed for good."""

    STOP = "stop", "Stop the run"
    ASK = "ask", "Ask a person"
    UNDO = "undo", "Undo what was done, last first"


class Question(TextChoices):
    """What a person is asked about a step."""

    NONE = "", "Nothing"
    UNKNOWN = "unknown", "Did it happen?"
    FAILED = "failed", "It failed: what now?"
    MANUAL = "manual", "Do this by hand"
    APPROVE = "approve", "May this go on?"


class Answer(TextChoices):
    """What a person answered about a step."""

    NONE = "", "Nothing yet"
    HAPPENED = "happened", "It happened"
    DID_NOT_HAPPEN = "did_not_happen", "It did not happen"
    RETRY = "retry", "Run it again"
    SKIP = "skip", "Skip it"
    STOP = "stop", "Stop the run"
    UNDO = "undo", "Undo the run"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"


ANSWERS: dict[str, tuple[Answer, ...]] = {
    Question.NONE: (),
    Question.UNKNOWN: (Answer.HAPPENED, Answer.DID_NOT_HAPPEN, Answer.RETRY, Answer.SKIP, Answer.STOP),
    Question.FAILED: (Answer.RETRY, Answer.HAPPENED, Answer.SKIP, Answer.UNDO, Answer.STOP),
    Question.MANUAL: (Answer.HAPPENED, Answer.DID_NOT_HAPPEN, Answer.SKIP, Answer.STOP),
    Question.APPROVE: (Answer.APPROVED, Answer.REFUSED),
}
