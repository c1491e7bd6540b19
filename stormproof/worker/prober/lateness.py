"""How late looks start: from the moment they were due to the moment the connection is begun, queues included."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Lateness:
    """Figures since they were last read; `late_ms` is only kept for benchmarks."""

    keep: bool = False
    worst_ms: float = 0
    started: int = 0
    missed: int = 0
    late_ms: list[float] = field(default_factory=list)

    def note(self, ms: float) -> None:
        """A look started `ms` milliseconds after it was due."""
        self.started += 1
        self.worst_ms = max(self.worst_ms, ms)
        if self.keep:
            self.late_ms.append(ms)

    def read_worst(self) -> float:
        """The worst since the last reading."""
        worst, self.worst_ms = self.worst_ms, 0
        return worst
