"""Reads of how incidents belong together: links, merges, rules, and where people meet."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from stormproof.core.actor import Actor
from stormproof.core.refusals import NotFound
from stormproof.respond.choices import LinkKind
from stormproof.respond.models import Alert, DeclareRule, Incident, IncidentLink, IncidentSettings, Merge
from stormproof.respond.selectors.incidents import incidents_for


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another incident and what it has to do with this one, in words read from here."""

    link: IncidentLink
    words: str
    incident: Incident


FROM_THERE = {
    LinkKind.DUPLICATE_OF: "has the duplicate",
    LinkKind.CAUSED_BY: "caused",
    LinkKind.RELATED: "related to",
}


def related_to(actor: Actor, incident: Incident) -> list[Related]:
    """The incidents linked from here or to here, those the actor may know of."""
    here = IncidentLink.objects.select_related("incident", "other")
    rows = [*here.filter(incident=incident), *here.filter(other=incident)]
    known = set(
        incidents_for(actor)
        .filter(pk__in=[pk for one in rows for pk in (one.incident_id, one.other_id)])
        .values_list("pk", flat=True)
    )
    found = []
    for link in rows:
        is_ours = link.incident_id == incident.pk
        other = link.other if is_ours else link.incident
        if other.pk in known:
            words = str(LinkKind(link.kind).label).lower() if is_ours else FROM_THERE[LinkKind(link.kind)]
            found.append(Related(link=link, words=words, incident=other))
    return found


def link_for(actor: Actor, incident: Incident, id: int) -> IncidentLink:
    """One link of an incident; raises `NotFound`."""
    found = next((one.link for one in related_to(actor, incident) if one.link.pk == id), None)
    if found is None:
        raise NotFound(f"{incident.label} has no link {id}")
    return found


def merges_of(incident: Incident) -> QuerySet[Merge]:
    """What became part of this incident and was not taken apart again."""
    return incident.merges_in.select_related("source").filter(undone_at__isnull=True).order_by("pk")


def merge_for(actor: Actor, incident: Incident, id: int) -> Merge:
    """One merge into an incident; raises `NotFound`."""
    found = merges_of(incident).select_related("target").filter(pk=id).first() if actor.may("respond.read") else None
    if found is None:
        raise NotFound(f"{incident.label} has no merge {id}")
    return found


def alert_for(actor: Actor, id: int) -> Alert:
    """One alert of an incident that the actor may know of; raises `NotFound`."""
    visible = incidents_for(actor).order_by().values("pk")
    found = Alert.objects.select_related("incident", "node").filter(pk=id, incident__in=visible).first()
    if found is None:
        raise NotFound(f"There is no alert {id}")
    return found


def declare_rules() -> QuerySet[DeclareRule]:
    """The rules that declare incidents by themselves."""
    return DeclareRule.objects.order_by("slug")


def war_room_template() -> str:
    """The address where people meet, with its placeholders; empty for none."""
    return IncidentSettings.objects.values_list("war_room", flat=True).first() or ""


def war_room_of(incident: Incident) -> str:
    """Where the people of this incident meet; empty when no place is set."""
    template = war_room_template()
    return template.replace("{number}", str(incident.number)).replace("{label}", incident.label.lower())
