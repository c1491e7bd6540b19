"""Who did what in a run: its facts in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stormproof.core.facts import history_of
from stormproof.recover.choices import Answer, Question, RunState, StepState
from stormproof.recover.models import Run
from stormproof.web.words import state_words

MOST = 60


@dataclass(frozen=True)
class Entry:
    """One fact as a reader sees it."""

    at: datetime
    text: str
    who: str
    note: str
    tone: str
    icon: str


def history_in_words(run: Run) -> list[Entry]:
    """The facts about the run, newest first."""
    titles = {step["id"]: step.get("name") or step["id"] for step in run.definition["steps"]}
    entries = []
    for fact in history_of(f"run:{run.pk}")[:MOST]:
        said = {"step": "", **fact.payload}
        say = WORDS.get(fact.name)
        title = titles.get(said["step"], said["step"])
        text = say(title, said) if say else fact.name
        words = state_words(str(said.get("state") or STATES.get(fact.name, "point")))
        note = str(said.get("note") or said.get("reason") or "")
        entries.append(Entry(fact.happened_at, text, fact.actor_name, note, words.tone, words.icon))
    return entries


STATES = {
    "RunStarted": "running",
    "RunNeedsPerson": "waiting",
    "StepOutcomeUnknown": "unknown",
    "RunTakenOver": "degraded",
    "StepAnswered": "acknowledged",
    "StepApproved": "acknowledged",
    "RunAbortAsked": "stopped",
}
WORDS: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "RunStarted": lambda step, said: "The run began",
    "RunTakenOver": lambda step, said: f"Another worker took over{f' at {step}' if step else ''}",
    "StepFinished": lambda step, said: f"{step}: {StepState(said['state']).label.lower()}",
    "StepOutcomeUnknown": lambda step, said: f"{step}: nobody can say whether it happened",
    "RunNeedsPerson": lambda step, said: f"{step}: {Question(said['question']).label.lower()}",
    "StepAnswered": lambda step, said: f"{step}: {Answer(said['answer']).label.lower()}",
    "StepApproved": lambda step, said: f"{step}: {said['decision']}",
    "RunAbortAsked": lambda step, said: "Asked to stop the run",
    "RunFinished": lambda step, said: f"The run ended: {RunState(said['state']).label.lower()}",
}
