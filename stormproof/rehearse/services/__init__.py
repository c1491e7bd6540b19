"""The writers of `rehearse`: definitions, starting and stopping, and the driver with all it does."""

from stormproof.rehearse.services.claims import wake_silent_exercises
from stormproof.rehearse.services.definitions import define_exercise, retire_exercise
from stormproof.rehearse.services.driving import drive_run_of_exercise
from stormproof.rehearse.services.starting import CannotRehearse, CannotStopExercise, start_exercise, stop_exercise

__all__ = [
    "CannotRehearse",
    "CannotStopExercise",
    "define_exercise",
    "drive_run_of_exercise",
    "retire_exercise",
    "start_exercise",
    "stop_exercise",
    "wake_silent_exercises",
]
