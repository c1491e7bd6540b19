"""Sign-in, one's own profile and security, and for those who may: people, roles, teams and tokens."""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse

from stormproof.core.actor import Actor
from stormproof.people.selectors import people_list, team_list
from stormproof.web.shell import Found, Page, Stage


def find_people(actor: Actor, words: str) -> Iterable[Found]:
    """People and teams whose name or address has `words`."""
    for person in people_list(actor).filter(Q(name__icontains=words) | Q(email__icontains=words))[:8]:
        yield Found(url=reverse("person", args=[person.pk]), name=str(person), what="Person", icon="user")
    for team in team_list(actor).filter(name__icontains=words)[:8]:
        yield Found(url=reverse("team", args=[team.slug]), name=team.name, what="Team", icon="users-group")


STAGE = Stage(
    name="People",
    url="people",
    icon="users",
    rank=90,
    permission="people.read",
    key="p",
    in_navigation=False,
    search=find_people,
    pages=(
        Page(
            name="You and your contact points",
            url="profile",
            note="Name, time zone, where pages reach you",
            icon="user",
        ),
        Page(
            name="Security", url="mfa_index", note="Password, passkeys, authenticator app, sessions", icon="shield-lock"
        ),
        Page(
            name="Invite a person", url="invite", permission="people.write", note="Mail an invitation", icon="user-plus"
        ),
        Page(name="New API token", url="new-token", note="For a program", icon="key"),
    ),
    settings=(
        Page(name="You", url="profile", note="Name, time zone, where pages reach you", icon="user"),
        Page(
            name="Security", url="mfa_index", note="Password, passkeys, authenticator app, sessions", icon="shield-lock"
        ),
        Page(name="People and roles", url="people", permission="people.read", note="Who may do what", icon="users"),
        Page(name="Teams", url="teams", permission="people.read", note="Who looks after what", icon="users-group"),
        Page(name="API tokens", url="tokens", note="Keys for programs", icon="key"),
    ),
)
