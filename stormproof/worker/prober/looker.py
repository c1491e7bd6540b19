"""Looks at one monitor, and once more a second later when the result is new, so that one lost packet wakes nobody."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.engine.probe.browser import BrowserPool
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome, refusal
from stormproof.watch.choices import PHASES, State
from stormproof.watch.kinds.kind import Tools, limit_s
from stormproof.watch.rules import HERE, Sighting
from stormproof.worker.prober.lateness import Lateness
from stormproof.worker.prober.plans import Plan
from stormproof.worker.prober.self_guard import SelfGuard

CONFIRM_FROM_AFAR_S = 5.0  # what is lost on a long way is lost for seconds
PER_HOST = 20
AT_ONCE = 400
log = structlog.get_logger(__name__)


@dataclass
class Streak:
    """The present run of equal results of a monitor."""

    ok: bool
    since: datetime
    count: int


class Looker:
    """Runs looks, bounded in all and per host, and hands each sighting to `deliver`."""

    def __init__(
        self,
        *,
        guard: Guard,
        deliver: Callable[[Sighting, bool], None],
        lateness: Lateness,
        self_guard: SelfGuard,
        location: str = HERE,
        confirm_after_s: float = 0.0,
    ) -> None:
        self.prober_id: int | None = None
        self._self_guard, self._location = self_guard, location
        self._confirm_after_s = confirm_after_s
        self._guard = guard
        self._http = HttpProber(guard)
        self._browsers = BrowserPool(guard, at_once=env.browsers)
        self._deliver, self._lateness = deliver, lateness
        self._all = asyncio.Semaphore(AT_ONCE)
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(PER_HOST))
        self._streaks: dict[int, Streak] = {}

    async def close(self) -> None:
        """Let go of what is held."""
        await self._http.close()
        await self._browsers.close()

    def forget(self, monitor_id: int) -> None:
        """Another prober looks after this monitor now, or nobody."""
        self._streaks.pop(monitor_id, None)

    async def look(self, plan: Plan, due: float) -> None:
        """Look, deliver, and look again when the result differs from the run before; `due` is in epoch seconds.

        A new failure counts only when the self-guard, asked after it, says that this place can see; what a blind place
        sees is left out.
        """
        outcome, at = await self._try(plan, due=due)
        if self._self_guard.is_blind:
            return
        began = time.monotonic()
        doubts = not outcome.ok and not outcome.refused and self._self_guard.is_armed
        if doubts and self._is_new(plan, outcome, at) and not await self._self_guard.sees_since(began - 0.001):
            return
        if self._note(plan, outcome, at):
            await self._confirm(plan, at, began=began)

    async def _confirm(self, plan: Plan, at: datetime, *, began: float) -> None:
        pause = max(plan.kind.confirm_after_s, self._confirm_after_s)
        await asyncio.sleep(max(0.0, pause - (now() - at).total_seconds()))
        again, again_at = await self._try(plan)
        if not again.ok and not await self._self_guard.sees_since(began + 0.001):
            self._streaks.pop(plan.monitor_id, None)
            return
        self._note(plan, again, again_at)

    async def _try(self, plan: Plan, *, due: float | None = None) -> tuple[Outcome, datetime]:
        async with self._all, self._hosts[plan.host]:
            at = now()
            if due is not None:
                self._lateness.note(max(0.0, (at.timestamp() - due) * 1000))
            if plan.fault or plan.kind.look is None:
                return refusal(plan.fault), at
            limit = limit_s(plan.shape, plan.interval_seconds)
            tools = Tools(guard=self._guard, http=self._http, deadline_s=limit, at=at, browsers=self._browsers)
            try:
                async with asyncio.timeout(limit + plan.kind.patience_s):
                    return await plan.kind.look(plan.shape, tools), at
            except TimeoutError:
                return Outcome(ok=False, reason=f"no answer within {limit:g} s"), at
            except Exception as error:
                log.exception("prober.look_failed", monitor=plan.monitor_id)
                return refusal(f"the prober could not look: {type(error).__name__}"), at

    def _note(self, plan: Plan, outcome: Outcome, at: datetime) -> bool:
        """Deliver what was seen; whether a second look must confirm it."""
        if outcome.refused:
            self._streaks.pop(plan.monitor_id, None)
            self._send(plan, outcome, at, since=at, confirmed=False, urgent=True)
            return False
        streak = self._streaks.get(plan.monitor_id) or _streak_before(plan, at)
        is_new = self._is_new(plan, outcome, at)
        count = 1 if is_new or streak is None else streak.count + 1
        since = at if is_new or streak is None else streak.since
        self._streaks[plan.monitor_id] = Streak(ok=outcome.ok, since=since, count=count)
        self._send(plan, outcome, at, since=since, confirmed=count > 1, urgent=count <= 2)
        return is_new and (streak is not None or not outcome.ok)

    def _is_new(self, plan: Plan, outcome: Outcome, at: datetime) -> bool:
        streak = self._streaks.get(plan.monitor_id) or _streak_before(plan, at)
        return streak is None or streak.ok != outcome.ok

    def _send(
        self, plan: Plan, outcome: Outcome, at: datetime, *, since: datetime, confirmed: bool, urgent: bool
    ) -> None:
        sighting = Sighting(
            monitor_id=plan.monitor_id,
            version=plan.version,
            at=at,
            since=since,
            ok=outcome.ok,
            confirmed=confirmed,
            degraded=outcome.degraded,
            refused=outcome.refused,
            reason=outcome.reason,
            total_ms=outcome.total_ms,
            steps=outcome.details.get("steps"),
            about=outcome.details.get("about"),
            files=outcome.files,
            phases=tuple(outcome.phases.get(name) for name in PHASES) if outcome.phases else None,
            prober_id=self.prober_id,
            location=self._location,
        )
        self._deliver(sighting, urgent)


def _streak_before(plan: Plan, at: datetime) -> Streak | None:
    """What the run was before this prober took the monitor over; None when that is not known."""
    if plan.state == State.DOWN:
        return Streak(ok=False, since=at, count=2)
    if plan.state in (State.UP, State.DEGRADED):
        return Streak(ok=True, since=at, count=2)
    return None
