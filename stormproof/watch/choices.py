"""The words of `watch`: what state a monitor can be in."""

from __future__ import annotations

from django.db import models


class State(models.TextChoices):
    """What is known of a monitored thing. `unknown` is never shown as if it were up."""

    UP = "up", "Up"
    DEGRADED = "degraded", "Degraded"
    DOWN = "down", "Down"
    UNKNOWN = "unknown", "Unknown"
    MAINTENANCE = "maintenance", "In maintenance"


class Signal(models.TextChoices):
    """What a heartbeat ping says."""

    DONE = "done", "Done"
    START = "start", "Started"
    FAIL = "fail", "Failed"
    LOG = "log", "Log"
    IGNORED = "ignored", "Ignored"


WORST_FIRST = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.MAINTENANCE, State.UP)
PHASES = ("dns", "connect", "wait", "read")  # the order in which an observation keeps its phases
