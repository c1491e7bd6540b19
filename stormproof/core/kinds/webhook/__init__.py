"""Webhooks: a JSON document sent by HTTP POST to an address a user has set."""

from __future__ import annotations

from typing import Any

import httpx

from stormproof.core.env import env
from stormproof.core.kinds.problem import CannotSend
from stormproof.engine.probe.guard import Refusal, checked_url

TIMEOUT_SECONDS = 10


def send_webhook(address: str, payload: dict[str, Any], key: str) -> None:
    """POST `payload["json"]`; the key goes along as `Idempotency-Key`. 2xx is success; redirects are not followed."""
    try:
        target = checked_url(address, allowed=env.allowed_networks)
    except Refusal as error:
        raise CannotSend(str(error), is_final=True) from error
    headers = {**payload.get("headers", {}), "Idempotency-Key": key, "Host": target.host_header}
    extensions = {"sni_hostname": target.host}
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
            answer = client.post(target.pinned, json=payload["json"], headers=headers, extensions=extensions)
    except httpx.HTTPError as error:
        raise CannotSend(f"{target.host} did not answer: {type(error).__name__}: {error}") from error
    if not answer.is_success:
        raise CannotSend(f"{target.host} answered {answer.status_code}", is_final=answer.status_code == 410)
