"""The dead-man's switch: an outside address that is called only while all is well here.

When the calls stop, whoever keeps that address (a monitoring service, a second Stormproof) raises the alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
import structlog

from stormproof.core.ticks import EXPECTED, all_alive, signs_of_life

TIMEOUT_S = 10.0
Check = Callable[[datetime], list[str]]
CHECKS: dict[str, Check] = {}
log = structlog.get_logger(__name__)


def call_only_while(name: str, check: Check) -> None:
    """Add a condition: `check(at)` returns what is wrong, in words; called from an app's `ready()`."""
    CHECKS[name] = check


def call_dead_man(url: str, *, at: datetime) -> bool:
    """Call `url` if web, worker and prober are all alive and every check passes; whether it was called, and well."""
    if not url:
        return False
    lives = signs_of_life(at=at)
    if not all_alive(lives):
        silent = [life.process for life in lives if life.process in EXPECTED and not life.is_fresh]
        log.warning("dead_man.held_back", silent=silent)
        return False
    if wrong := {name: words for name, check in CHECKS.items() if (words := check(at))}:
        log.warning("dead_man.held_back", wrong=wrong)
        return False
    try:
        httpx.get(url, timeout=TIMEOUT_S, follow_redirects=False).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("dead_man.failed", error=type(error).__name__)  # the address itself is a secret
        return False
    return True
