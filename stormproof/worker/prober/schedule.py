"""When each monitor is looked at: a fixed phase in its interval, so that lateness never adds up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from stormproof.watch.rules import first_look_at, next_look_at
from stormproof.worker.prober.lateness import Lateness
from stormproof.worker.prober.plans import Plan

LONGEST_SPREAD_S = 10.0  # full coverage within 15 s of a restart, whatever the number
SPREAD_PER_MONITOR_S = 0.005


@dataclass
class _Slot:
    plan: Plan
    due: float
    phase: float
    is_early: bool = False  # the next look comes before its regular moment, because it is overdue
    timer: asyncio.TimerHandle | None = None
    look: asyncio.Task[None] | None = None


class Schedule:
    """Starts `look(plan, due)` for each monitor on time; one that is still being looked at is not started again."""

    def __init__(self, look: Callable[[Plan, float], Awaitable[None]], *, lateness: Lateness) -> None:
        self._look, self._lateness = look, lateness
        self._slots: dict[int, _Slot] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def set_plans(self, plans: Mapping[int, Plan]) -> set[int]:
        """Look after exactly `plans` from now on; which monitors are no longer looked after."""
        gone = set(self._slots) - set(plans)
        for monitor_id in gone:
            self._drop(monitor_id)
        fresh = [plan for monitor_id, plan in plans.items() if self._is_new(monitor_id, plan)]
        spread = min(LONGEST_SPREAD_S, len(fresh) * SPREAD_PER_MONITOR_S)
        for plan in fresh:
            self._drop(plan.monitor_id)
            self._add(plan, spread)
        return gone

    async def stop(self) -> None:
        """Start nothing more, and end what runs."""
        looks = [slot.look for slot in self._slots.values() if slot.look is not None]
        for monitor_id in list(self._slots):
            self._drop(monitor_id)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _is_new(self, monitor_id: int, plan: Plan) -> bool:
        slot = self._slots.get(monitor_id)
        if slot is None or slot.plan.version != plan.version or slot.plan.interval_seconds != plan.interval_seconds:
            return True
        slot.plan = plan
        return False

    def _add(self, plan: Plan, spread: float) -> None:
        moment = time.time()
        last = plan.last_at.timestamp() if plan.last_at else None
        due = first_look_at(
            plan.monitor_id,
            interval_seconds=plan.interval_seconds,
            last_at=last,
            now=moment,
            spread_seconds=min(spread, plan.interval_seconds),
        )
        phase = first_look_at(
            plan.monitor_id, interval_seconds=plan.interval_seconds, last_at=moment, now=moment, spread_seconds=0
        )
        is_early = due < phase - 0.001
        slot = _Slot(plan=plan, due=due, phase=phase % plan.interval_seconds, is_early=is_early)
        self._slots[plan.monitor_id] = slot
        self._arm(slot)

    def _drop(self, monitor_id: int) -> None:
        slot = self._slots.pop(monitor_id, None)
        if slot is not None and slot.timer is not None:
            slot.timer.cancel()

    def _arm(self, slot: _Slot) -> None:
        loop = asyncio.get_running_loop()
        slot.timer = loop.call_later(max(0.0, slot.due - time.time()), self._fire, slot)

    def _fire(self, slot: _Slot) -> None:
        moment = time.time()
        if moment < slot.due - 0.001:  # the timer's clock and the wall clock differ by a little
            self._arm(slot)
            return
        if slot.look is not None and not slot.look.done():
            self._lateness.missed += 1
        else:
            slot.look = asyncio.ensure_future(self._look(slot.plan, slot.due))
        interval = slot.plan.interval_seconds
        # After an early look the regular one may be moments away; a restart must not look at everything twice.
        rest = min(interval / 2, LONGEST_SPREAD_S) if slot.is_early else 0.0
        slot.is_early = False
        slot.due = next_look_at(slot.phase, interval_seconds=interval, now=max(moment, slot.due) + rest)
        self._arm(slot)
