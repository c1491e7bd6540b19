"""Looks at the certificate of a TLS port: trusted, for this name, and valid for long enough."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime

from stormproof.engine.probe.attempt import attempt
from stormproof.engine.probe.certificate import expires_at
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch
from stormproof.engine.probe.tcp import open_guarded


@dataclass(frozen=True, kw_only=True)
class TlsCheck:
    """What to look at: a TLS port, and from how long before its end a certificate is a worry."""

    host: str
    port: int = 443
    warn_before_s: float = 14 * 86400

    @property
    def where(self) -> str:
        """The target in words."""
        return f"{self.host}:{self.port}"


async def probe_tls(
    check: TlsCheck, *, guard: Guard, deadline_s: float, at: datetime, trust: ssl.SSLContext | None = None
) -> Outcome:
    """Make a verified TLS connection and measure how long, from `at` on, the certificate lasts.

    `trust` replaces the authorities of the machine. Degraded when it ends within the warning time.
    """

    async def look(watch: Stopwatch) -> Outcome:
        context = trust or ssl.create_default_context()
        _, writer = await open_guarded(check.host, check.port, guard=guard, watch=watch, tls=context)
        certificate = writer.get_extra_info("ssl_object").getpeercert()
        writer.transport.abort()
        return _judge(check, expires_at(certificate), at, watch)

    return await attempt(look, deadline_s=deadline_s, where=check.where)


def _judge(check: TlsCheck, end: datetime, at: datetime, watch: Stopwatch) -> Outcome:
    left = (end - at).total_seconds()
    days = round(left / 86400, 2)
    found = {"expires_at": end.isoformat(), "days_left": days}
    worry = f"the certificate of {check.where} ends in {days:.4g} days, on {end:%d %b %Y}"
    return watch.success(worry=worry if left < check.warn_before_s else "", details=found)
