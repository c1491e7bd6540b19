"""Reads the auth log of a server: sign-ins by ssh and uses of sudo that failed, also inside syslog's own frame."""

from __future__ import annotations

import re

from stormproof.watch.rules.security.event import MOST_EVENTS, Reported, reported

_SSH = r"sshd[^:]{0,40}: "
_FROM = r" from (\S{1,64})"
_PATTERNS = tuple(
    (re.compile(pattern), rule, severity)
    for pattern, rule, severity in (
        (_SSH + r"Failed \w{1,20} for (?:invalid user )?(\S{0,64})" + _FROM, "ssh sign-in failed", "low"),
        (_SSH + r"Invalid user (\S{0,64})" + _FROM, "ssh unknown user", "low"),
        (
            _SSH + r"error: maximum authentication attempts exceeded for (.{0,80}?)" + _FROM,
            "ssh too many tries",
            "medium",
        ),
        (_SSH + r"Accepted \w{1,20} for (root)" + _FROM, "ssh sign-in as root", "medium"),
        (r"sudo[^:]{0,40}:\s+(\S{1,64}) : (?:\d{1,4} incorrect pass|user NOT in sudoers)()", "sudo refused", "medium"),
    )
)


def read_auth_log(text: str) -> list[Reported]:
    """The events of an auth log's lines; other lines say nothing."""
    events = []
    for line in text.splitlines()[:MOST_EVENTS]:
        for pattern, rule, severity in _PATTERNS:
            match = pattern.search(line[:1000])
            if match:
                events.append(reported(rule=rule, severity=severity, actor=match[2], detail=f"user {match[1]}"))
                break
    return events
