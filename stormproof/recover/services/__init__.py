"""The writers of `recover`: procedures, runs, the journal, answers, approvals, the stop switch."""

from stormproof.recover.services.answers import CannotAnswer, answer_step
from stormproof.recover.services.approvals import CannotApprove, approve_step
from stormproof.recover.services.driving import drive, take_over_silent_runs
from stormproof.recover.services.procedures import retire_procedure, write_procedure
from stormproof.recover.services.runs import CannotAbortRun, CannotStartRun, abort_run, start_run
from stormproof.recover.services.switch import CannotSwitch, allow_effects, stop_effects

__all__ = [
    "CannotAbortRun",
    "CannotAnswer",
    "CannotApprove",
    "CannotStartRun",
    "CannotSwitch",
    "abort_run",
    "allow_effects",
    "answer_step",
    "approve_step",
    "drive",
    "retire_procedure",
    "start_run",
    "stop_effects",
    "take_over_silent_runs",
    "write_procedure",
]
