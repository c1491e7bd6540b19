"""Ways a message leaves the house; one folder each, one line in this registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stormproof.core.kinds.email import send_email
from stormproof.core.kinds.problem import CannotSend
from stormproof.core.kinds.webhook import send_webhook

Sender = Callable[[str, dict[str, Any], str], None]

SENDERS: dict[str, Sender] = {
    "email": send_email,
    "webhook": send_webhook,
}


def sender_for(channel: str) -> Sender:
    """What sends messages of `channel`: called as `send(address, payload, key)`; raises `CannotSend`."""
    if channel not in SENDERS:
        raise CannotSend(f"there is no channel {channel}; known are {', '.join(sorted(SENDERS))}", is_final=True)
    return SENDERS[channel]


__all__ = ["SENDERS", "CannotSend", "Sender", "sender_for"]
