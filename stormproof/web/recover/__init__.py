"""Recovery: the procedures, what they would do, and every run while it happens."""

from collections.abc import Iterable

from stormproof.core.actor import Actor
from stormproof.recover import selectors
from stormproof.recover.choices import RunState
from stormproof.web.shell import Found, Page, Stage


def find_procedures(actor: Actor, words: str) -> Iterable[Found]:
    """Procedures by name or by what they recover."""
    found = selectors.procedure_list(actor)
    for procedure in (found.filter(name__icontains=words) | found.filter(node__name__icontains=words))[:8]:
        url = f"/procedures/{procedure.slug}/"
        yield Found(url=url, name=procedure.name, what=f"Procedure for {procedure.node}", icon="list-numbers")


def count_waiting(actor: Actor) -> int:
    """How many runs wait for a person."""
    return selectors.run_list(actor).filter(state=RunState.WAITING).count()


STAGE = Stage(
    name="Recovery",
    url="procedures",
    icon="lifebuoy",
    rank=40,
    permission="recover.read",
    key="r",
    pages=(Page(name="Runs", url="runs", permission="recover.read", icon="player-play"),),
    settings=(
        Page(
            name="Stop switch",
            url="stop_switch",
            permission="recover.run",
            note="Keep every run from starting a new effect",
        ),
    ),
    search=find_procedures,
    count=count_waiting,
)
