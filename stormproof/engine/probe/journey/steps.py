"""What is kept of the steps of a journey."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class StepSeen:
    """One step as it went: when it began after the start of the journey, how long it took, and why it failed."""

    name: str
    ok: bool
    start_ms: float
    ms: float
    status: int | None = None
    reason: str = ""

    def as_data(self) -> dict[str, Any]:
        """As plain data, what is empty left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}
