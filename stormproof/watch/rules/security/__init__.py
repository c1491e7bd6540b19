"""What security tools report, as one kind of event: each tool is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from stormproof.watch.rules.security.auth_log import read_auth_log
from stormproof.watch.rules.security.crowdsec import read_crowdsec
from stormproof.watch.rules.security.event import (
    SEVERITIES,
    CannotReadEvents,
    Reported,
    Threshold,
    rank_of,
    state_of_events,
)
from stormproof.watch.rules.security.fail2ban import read_fail2ban
from stormproof.watch.rules.security.generic import read_generic
from stormproof.watch.rules.security.suricata import read_suricata

READERS: dict[str, Callable[[str], list[Reported]]] = {
    "fail2ban": read_fail2ban,
    "crowdsec": read_crowdsec,
    "suricata": read_suricata,
    "auth-log": read_auth_log,
    "generic": read_generic,
}

__all__ = [
    "READERS",
    "SEVERITIES",
    "CannotReadEvents",
    "Reported",
    "Threshold",
    "rank_of",
    "state_of_events",
]
