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


class Sight(models.TextChoices):
    """Whether a place can see at all: its self-guard looks at targets that have nothing to do with each other."""

    OFF = "off", "No self-guard"
    UNPROVEN = "unproven", "Its targets never answered"
    GREEN = "green", "Sees"
    BLIND = "blind", "Blind"


class Repeat(models.TextChoices):
    """How often a maintenance window happens."""

    ONCE = "once", "Once"
    WEEKLY = "weekly", "On weekdays"
    CRON = "cron", "By a cron line"


WORST_FIRST = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.MAINTENANCE, State.UP)
PHASES = ("dns", "connect", "wait", "read")  # the order in which an observation keeps its phases
