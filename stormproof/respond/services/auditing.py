"""The auditor: every open incident is looked at again, and the outside hears that we live only while all is right."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from stormproof.core.facts import tell
from stormproof.core.models import Message
from stormproof.people.services import page_admins
from stormproof.respond.choices import IncidentState, PageState
from stormproof.respond.facts import EscalationFaultFound
from stormproof.respond.models import Acknowledgement, AuditFault, Escalation, Incident, Page
from stormproof.respond.rules import LATE, acknowledgement_lasts
from stormproof.respond.services.locking import lock_incidents
from stormproof.respond.services.paging import hand_page_to_next_channel, mark_page_sent, start_paging

FAULTS = {
    "no snapshot": "nobody is being paged: the escalation is missing",
    "no next step": "nobody is on it, and no next step is set",
    "late": "the next step is more than five minutes late",
    "page lost": "a page is due, and no message is under way",
    "page stuck": "a page has waited for its provider for more than five minutes",
}


def faults_of_paging(*, at: datetime) -> list[tuple[Incident, str]]:
    """What is wrong with the paging of incidents that are not over, as (incident, word of `FAULTS`)."""
    live = Incident.objects.exclude(state=IncidentState.RESOLVED).order_by("pk")
    mine = Escalation.objects.filter(incident=OuterRef("pk"), cycle=OuterRef("cycle"))
    is_open = live.filter(state=IncidentState.OPEN)
    late = mine.filter(next_at__lt=at - LATE)
    found = [(one, "no snapshot") for one in is_open.filter(~Exists(mine))]
    found += [
        (one, "no next step")
        for one in is_open.filter(Exists(mine)).filter(~Exists(mine.filter(next_at__isnull=False)))
    ]
    found += [(one, "late") for one in live.filter(Exists(late))]
    return found + [(page.incident, what) for page, what in _faulty_pages(at=at)]


def _faulty_pages(*, at: datetime) -> list[tuple[Page, str]]:
    waiting = Page.objects.filter(state=PageState.PENDING, posted_at__lt=at - LATE).select_related("incident")
    pages = list(waiting.exclude(incident__state=IncidentState.RESOLVED).order_by("pk")[:1000])
    states = dict(Message.objects.filter(key__in=[page.key for page in pages]).values_list("key", "state"))
    return [(page, "page stuck" if states.get(page.key) in ("pending", "sending") else "page lost") for page in pages]


@transaction.atomic
def audit_escalations(*, at: datetime) -> list[str]:
    """Look at every incident that is not over, mend what can be mended, and tell each fault once; what is wrong.

    The administrators are paged about a fault, and the dead-man's switch is not called while there is one.
    """
    lock_incidents()
    _give_acknowledgements_an_end(at=at)
    found = faults_of_paging(at=at)
    open_faults = {(fault.incident_id, fault.what): fault for fault in AuditFault.objects.filter(settled_at=None)}
    seen = {(incident.pk, what) for incident, what in found}
    for incident, what in found:
        if (incident.pk, what) not in open_faults:
            _tell(incident, what, at=at)
        _mend(incident, what, at=at)
    over = [fault.pk for key, fault in open_faults.items() if key not in seen]
    AuditFault.objects.filter(pk__in=over).update(settled_at=at)
    return [f"{incident.label}: {FAULTS[what]}" for incident, what in found]


def _tell(incident: Incident, what: str, *, at: datetime) -> None:
    fault, is_new = AuditFault.objects.get_or_create(
        incident=incident, what=what, settled_at=None, defaults={"found_at": at}
    )
    if not is_new:
        return
    tell(EscalationFaultFound(incident_id=incident.pk, what=what), at=at)
    page_admins(
        subject=f"The paging of {incident.label} is not right",
        text=f"{incident.label} {incident.title}: {FAULTS[what]}.\nStormproof tries to mend it; please look yourself.",
        path=f"/incidents/{incident.number}/",
        key=f"audit:{fault.pk}",
        at=at,
    )


def _mend(incident: Incident, what: str, *, at: datetime) -> None:
    """What the machine can put right by itself: a missing step is due now, a lost page takes the next channel."""
    if what == "no snapshot":
        start_paging(incident, at=at)
    elif what == "no next step":
        Escalation.objects.filter(incident=incident, cycle=incident.cycle).update(next_at=at)
    elif what == "page lost":
        for page in Page.objects.filter(incident=incident, state=PageState.PENDING, posted_at__lt=at - LATE):
            state = Message.objects.filter(key=page.key).values_list("state", flat=True).first()
            if state == "sent":
                mark_page_sent(page.key, at=at)
            elif state in (None, "failed"):
                hand_page_to_next_channel(page.key, at=at)


def _give_acknowledgements_an_end(*, at: datetime) -> None:
    """One that came with a merge, or is older than this rule, counts from now and for the commander."""
    acks = Acknowledgement.objects.filter(incident=OuterRef("pk"), ended_at__isnull=True)
    for incident in Incident.objects.filter(~Exists(acks), state=IncidentState.ACKNOWLEDGED).order_by("pk"):
        expires_at = at + acknowledgement_lasts(severity=incident.severity, own_seconds=None)
        fresh = {"acknowledged_at": at, "expires_at": expires_at, "asked_at": None, "ended_at": None}
        Acknowledgement.objects.update_or_create(incident=incident, person=incident.commander, defaults=fresh)


def paging_is_right(at: datetime) -> list[str]:
    """What keeps the dead-man's switch from being called: faults of paging, and a step more than a minute late."""
    minute = at - timedelta(minutes=1)
    late = Escalation.objects.filter(next_at__lt=minute).exclude(incident__state=IncidentState.RESOLVED)
    words = [f"{incident.label}: {FAULTS[what]}" for incident, what in faults_of_paging(at=at)]
    if late.exists():
        words.append("an escalation is more than a minute late")
    stuck = Message.objects.filter(state__in=["pending", "sending"], created_at__lt=at - LATE, attempts=0)
    if stuck.exists():
        words.append("a message was not tried for five minutes")
    return words
