"""The doors there are, in the order in which they are asked. One line adds one."""

from __future__ import annotations

from stormproof.core.clock import now
from stormproof.worker.intake import pings
from stormproof.worker.intake.alerts import Handler, alert_door
from stormproof.worker.intake.door import Door

HANDLER = Handler(clock=now)
DOORS: tuple[Door, ...] = (alert_door(HANDLER), pings.DOOR)
