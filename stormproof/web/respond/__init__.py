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
    pages=(
        Page(name="Declare an incident", url="declare_incident", permission="respond.act", icon="urgent"),
        Page(name="Incident figures", url="incident_metrics", permission="respond.read", icon="chart-histogram"),
        Page(name="Noise", url="noise", permission="respond.read", icon="volume-off"),
        Page(
            name="On call",
            url="on-call",
            permission="respond.read",
            icon="calendar-user",
            note="Who is, who comes next",
        ),
        Page(name="Away from on call", url="absences", permission="respond.read", icon="beach", note="Your absences"),
        Page(name="Alerts", url="alerts", permission="respond.read", icon="bell-ringing"),
        Page(name="Silences", url="silences", permission="respond.read", icon="bell-off"),
    ),
    settings=(
        Page(name="On call", url="on-call", permission="respond.read", note="Schedules, shifts, swaps"),
        Page(name="Paging", url="paging", permission="respond.read", note="Who is paged, in which order"),
        Page(name="Integrations", url="integrations", permission="respond.read", note="Systems that deliver alerts"),
        Page(name="Alert routing", url="alert-routing", permission="respond.read", note="What becomes of an alert"),
        Page(name="Severities", url="severities", permission="respond.read", note="What makes an incident how grave"),
        Page(name="Trained people", url="qualifications", permission="respond.read", note="Who may take which role"),
    ),
    search=find_incidents,
    count=count_open,
)
