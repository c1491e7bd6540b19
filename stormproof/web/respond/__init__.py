"""Incidents: what is broken, since when, what it costs, and what to press."""

from collections.abc import Iterable

from stormproof.core.actor import Actor
from stormproof.respond import selectors
from stormproof.web.shell import Found, Page, Stage


def find_incidents(actor: Actor, words: str) -> Iterable[Found]:
    """Incidents by number, title or cause."""
    for incident in selectors.incident_list(actor, search=words)[:8]:
        url = f"/incidents/{incident.number}/"
        yield Found(url=url, name=str(incident), what="Incident", state=incident.state, icon="urgent")


def count_open(actor: Actor) -> int:
    """How many incidents are not resolved."""
    return selectors.open_incidents(actor).count()


STAGE = Stage(
    name="Incidents",
    url="incidents",
    icon="urgent",
    rank=30,
    permission="respond.read",
    key="i",
    pages=(Page(name="Declare an incident", url="declare_incident", permission="respond.act", icon="urgent"),),
    settings=(
        Page(name="Paging", url="paging", permission="respond.read", note="Who is paged, in which order"),
        Page(name="Severities", url="severities", permission="respond.read", note="What makes an incident how grave"),
        Page(name="Trained people", url="qualifications", permission="respond.read", note="Who may take which role"),
    ),
    search=find_incidents,
    count=count_open,
)
