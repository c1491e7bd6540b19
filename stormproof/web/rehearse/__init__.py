"""Exercises: what can be rehearsed, each run while it happens, and what it proved."""

from collections.abc import Iterable

from stormproof.core.actor import Actor
from stormproof.rehearse import selectors
from stormproof.web.shell import Found, Page, Stage


def find_exercises(actor: Actor, words: str) -> Iterable[Found]:
    """Exercises by name or by what they break."""
    found = selectors.exercise_list(actor)
    for exercise in (found.filter(name__icontains=words) | found.filter(target__name__icontains=words))[:8]:
        url = f"/exercises/{exercise.slug}/"
        yield Found(url=url, name=exercise.name, what=f"Exercise on {exercise.target}", icon="flame")


STAGE = Stage(
    name="Exercises",
    url="exercises",
    icon="flame",
    rank=60,
    permission="rehearse.read",
    key="e",
    pages=(Page(name="Runs of exercises", url="exercise_runs", permission="rehearse.read", icon="flame"),),
    search=find_exercises,
)
