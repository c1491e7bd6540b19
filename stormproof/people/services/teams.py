"""Teams: made, changed and retired, by hand or from continuity.yaml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.document import SLUG
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.people.facts import TeamChanged, TeamMade, TeamRetired
from stormproof.people.models import Team, TeamMembership, User


class CannotPutTeam(Refused):
    """The team's short name or name cannot be used."""


@transaction.atomic
def put_team(slug: str, *, name: str, members: Sequence[User], actor: Actor, at: datetime) -> Team:
    """The team `slug` with this name and these members in order, made or changed; raises `CannotPutTeam`."""
    actor.require("people.write")
    if not re.match(SLUG, slug):
        raise CannotPutTeam(f"{slug!r} is no short name", field="slug", hint="Small letters, digits and dashes")
    if not name.strip():
        raise CannotPutTeam("A team needs a name", field="name")
    team, is_new = Team.objects.select_for_update().get_or_create(slug=slug, defaults={"name": name.strip()})
    wanted = list(dict.fromkeys(member.pk for member in members))
    held = list(TeamMembership.objects.filter(team=team).values_list("user_id", flat=True))
    if not is_new and (team.name, team.retired_at, held) == (name.strip(), None, wanted):
        return team
    team.name, team.retired_at = name.strip(), None
    team.save(update_fields=["name", "retired_at"])
    TeamMembership.objects.filter(team=team).delete()
    TeamMembership.objects.bulk_create(
        [TeamMembership(team=team, user_id=pk, position=position) for position, pk in enumerate(wanted)]
    )
    if is_new:
        tell(TeamMade(team_id=team.pk, slug=slug), at=at, actor=actor)
    tell(TeamChanged(team_id=team.pk, slug=slug, member_ids=wanted), at=at, actor=actor)
    return team


@transaction.atomic
def retire_team(team: Team, *, actor: Actor, at: datetime) -> None:
    """Take a team out of use; its history stays. Doing it twice changes nothing."""
    actor.require("people.write")
    if Team.objects.filter(pk=team.pk, retired_at__isnull=True).update(retired_at=at):
        tell(TeamRetired(team_id=team.pk, slug=team.slug), at=at, actor=actor)
