"""The writers of `recover`: procedures, runs, the journal, the stop switch."""

from stormproof.recover.services.runs import (
    CannotStartRun,
    abort_run,
    start_run,
)

__all__ = ["CannotStartRun", "abort_run", "start_run"]
