"""The words of an exercise: where its run is and how it ended."""

from __future__ import annotations

from django.db.models import TextChoices


class Phase(TextChoices):
    """Where a run of an exercise is."""

    WARMING = "warming", "Customers arrive"
    INJECTING = "injecting", "Breaking it"
    WAITING = "waiting", "Waiting for detection"
    INCIDENT = "incident", "Incident open"
    RUNNING = "running", "Procedure at work"
    RECOVERED = "recovered", "Recovered"
    MEASURING = "measuring", "Counting orders"
    CLEANING = "cleaning", "Putting it back"
    DONE = "done", "Done"


STORM = (Phase.WAITING, Phase.INCIDENT, Phase.RUNNING, Phase.RECOVERED)  # the fault is in, and the loop is at work
LIVE = tuple(phase for phase in Phase if phase != Phase.DONE)


class Outcome(TextChoices):
    """How a run of an exercise ended."""

    PENDING = "", "Not over yet"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    ABORTED = "aborted", "Stopped"
