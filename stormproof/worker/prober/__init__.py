"""The process that looks at monitored things on time and delivers what it saw."""

from stormproof.worker.prober.run import Prober, run_prober

__all__ = ["Prober", "run_prober"]
