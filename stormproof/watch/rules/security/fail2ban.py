"""Reads fail2ban: its log lines, as a log shipper or an action sends them."""

from __future__ import annotations

import re

from stormproof.watch.rules.security.event import MOST_EVENTS, Reported, reported

_LINE = re.compile(r"\[([\w.-]{1,60})\]\s+(Found|Ban|Restore Ban|Unban)\s+(\S{1,64})")
SEVERITIES = {"Found": "low", "Ban": "medium", "Restore Ban": "info", "Unban": "info"}


def read_fail2ban(text: str) -> list[Reported]:
    """The events of fail2ban's log: `... [sshd] Ban 192.0.2.1`; other lines say nothing."""
    found = (_LINE.search(line[:1000]) for line in text.splitlines()[:MOST_EVENTS])
    return [
        reported(rule=f"{match[1]} {match[2].lower()}", severity=SEVERITIES[match[2]], actor=match[3])
        for match in found
        if match
    ]
