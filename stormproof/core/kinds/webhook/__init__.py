"""Webhooks: a JSON document sent by HTTP POST to an address a user has set."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any

import httpx

from stormproof.core.env import env
from stormproof.core.kinds.problem import CannotSend
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound

TIMEOUT_SECONDS = 10


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Whom we trust, read once: reading it for every webhook took longer than all the rest of a page."""
    return httpx.create_ssl_context(trust_env=False)


def send_webhook(address: str, payload: dict[str, Any], key: str) -> None:
    """POST `payload["json"]`; the key goes along as `Idempotency-Key`. 2xx is success; redirects are not followed."""
    url = httpx.URL(address)
    if url.scheme not in ("http", "https") or not url.host:
        raise CannotSend(f"{address!r} is not an http or https address", is_final=True)
    try:
        target = Guard(env.allowed_networks).resolve_now(url.host, url.port or (443 if url.scheme == "https" else 80))[
            0
        ]
    except AddressRefused as error:
        raise CannotSend(str(error), is_final=True) from error
    except NameNotFound as error:
        raise CannotSend(str(error)) from error
    pinned = url.copy_with(host=target.address)  # the address that was judged, so that DNS cannot change its mind
    headers = {**payload.get("headers", {}), "Idempotency-Key": key, "Host": url.netloc.decode()}
    try:
        with httpx.Client(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=_trusted()
        ) as client:
            answer = client.post(pinned, json=payload["json"], headers=headers, extensions={"sni_hostname": url.host})
    except httpx.HTTPError as error:
        raise CannotSend(f"{url.host} did not answer: {type(error).__name__}: {error}") from error
    if not answer.is_success:
        raise CannotSend(f"{url.host} answered {answer.status_code}", is_final=answer.status_code == 410)
