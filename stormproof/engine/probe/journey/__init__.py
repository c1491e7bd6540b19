"""Journeys: several steps that one visitor does in a row, over HTTP or in a browser, each timed and judged."""

from stormproof.engine.probe.journey.requests import JourneyCheck, JourneyStep, walk
from stormproof.engine.probe.journey.steps import StepSeen
from stormproof.engine.probe.journey.taking import Take
from stormproof.engine.probe.journey.words import UnknownName, fill_in, known_at_start, names_in, redact

__all__ = [
    "JourneyCheck",
    "JourneyStep",
    "StepSeen",
    "Take",
    "UnknownName",
    "fill_in",
    "known_at_start",
    "names_in",
    "redact",
    "walk",
]
