"""Looks whether a machine answers pings: the share of packets lost and the time they take."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass, field

from stormproof.engine.probe.attempt import CannotTell, attempt
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch
from stormproof.engine.probe.thresholds import Thresholds, judge_value

BETWEEN_S = 0.2
NOT_ALLOWED = (
    "this machine does not let the prober send pings; allow it with "
    "sysctl net.ipv4.ping_group_range='0 2147483647', or give the prober the capability NET_RAW"
)


@dataclass(frozen=True, kw_only=True)
class IcmpCheck:
    """Whom to ping how often; the thresholds are on the loss in percent, and on the median time of a packet."""

    host: str
    packets: int = 5
    thresholds: Thresholds = field(default_factory=Thresholds)


async def probe_icmp(check: IcmpCheck, *, guard: Guard, deadline_s: float) -> Outcome:
    """Send the packets one after the other; without permission to do so nothing is known."""

    async def look(watch: Stopwatch) -> Outcome:
        target = (await guard.resolve(check.host, 0))[0]
        watch.lap("dns", next_is="waiting for the answer")
        start = asyncio.get_running_loop().time()
        each_s = max(0.05, (deadline_s * 0.9 - check.packets * BETWEEN_S) / check.packets)
        times = await _ping(target.address, check.packets, each_s)
        took_ms = (asyncio.get_running_loop().time() - start) * 1000
        median = statistics.median(times) if times else took_ms
        watch.phases["wait"] = round(median, 3)
        loss = round(100 * (1 - len(times) / check.packets), 1)
        found = judge_value(loss, check.thresholds, watch, name="the loss", unit=" %")
        return _timed(found, check, median if times else None, loss)

    return await attempt(look, deadline_s=deadline_s, where=check.host)


def _timed(found: Outcome, check: IcmpCheck, median_ms: float | None, loss: float) -> Outcome:
    """The outcome with the median time of a packet for its time: the pauses between packets are none of it."""
    details = {"loss_percent": loss, "median_ms": median_ms, "packets": check.packets}
    promised = check.thresholds.faster_than_s
    worry = found.reason
    if found.ok and not worry and promised is not None and median_ms is not None and median_ms > promised * 1000:
        worry = f"slow: {median_ms:.4g} ms, promised within {promised * 1000:.4g} ms"
    return Outcome(
        ok=found.ok,
        degraded=found.ok and bool(worry),
        reason=worry,
        total_ms=median_ms if median_ms is not None else found.total_ms,
        phases=found.phases,
        details=details,
    )


async def _ping(address: str, packets: int, each_s: float) -> list[float]:
    """The times of the packets that came back, in milliseconds; first as anybody may, then as the system allows."""
    from icmplib import ICMPLibError, SocketPermissionError, async_ping  # type: ignore[import-untyped]  # noqa: PLC0415

    for privileged in (False, True):
        try:
            host = await async_ping(address, count=packets, interval=BETWEEN_S, timeout=each_s, privileged=privileged)
        except SocketPermissionError:
            continue
        except ICMPLibError as error:
            raise CannotTell(f"pings cannot be sent from this machine: {error}") from error
        if host.packets_sent == 0:
            raise CannotTell(f"no packet could be sent to {address} from this machine")
        return list(host.rtts)
    raise CannotTell(NOT_ALLOWED)
