"""The doors there are, in the order in which they are asked. One line adds one."""

from __future__ import annotations

from stormproof.worker.intake.door import Door

DOORS: tuple[Door, ...] = ()
