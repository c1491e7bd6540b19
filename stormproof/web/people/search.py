"""What the palette finds of people."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse

from stormproof.core.actor import Actor
from stormproof.people.selectors import people_list, team_list
from stormproof.web.shell import Found


def find_people(actor: Actor, words: str) -> Iterable[Found]:
    """People and teams whose name or address has `words`."""
    for person in people_list(actor).filter(Q(name__icontains=words) | Q(email__icontains=words))[:8]:
        yield Found(url=reverse("person", args=[person.pk]), name=str(person), what="Person", icon="user")
    for team in team_list(actor).filter(name__icontains=words)[:8]:
        yield Found(url=reverse("team", args=[team.slug]), name=team.name, what="Team", icon="users-group")
