"""What is told about people. Ids and words only; an e-mail address is personal and stays in its row."""

from __future__ import annotations

from dataclasses import dataclass, field

from stormproof.core.facts import Fact


@dataclass(frozen=True, kw_only=True)
class FirstAdminMade(Fact):
    """The set-up link was used: the installation has its first administrator."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserInvited(Fact):
    """A person was made and asked to choose a password."""

    user_id: int
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(Fact):
    """An invited person chose a password."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Fact):
    """A person was given a role."""

    user_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class RoleRevoked(Fact):
    """A role was taken from a person."""

    user_id: int
    role: str


@dataclass(frozen=True, kw_only=True)
class UserDeactivated(Fact):
    """A person can no longer sign in, and the person's tokens open nothing."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserReactivated(Fact):
    """A person can sign in again."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(Fact):
    """A person's name, phone or time zone was changed; `fields` says which."""

    user_id: int
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class SignedIn(Fact):
    """A person signed in to the console; `methods` says with what (password, totp, webauthn, recovery_codes)."""

    user_id: int
    methods: list[str]


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Fact):
    """A person's password was changed, by the person or by a mailed link."""

    user_id: int


@dataclass(frozen=True, kw_only=True)
class MfaEnrolled(Fact):
    """A person added a second factor: `totp`, `webauthn` or `recovery_codes`."""

    user_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class MfaRemoved(Fact):
    """A second factor was removed, by the person or reset by an administrator."""

    user_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class TokenIssued(Fact):
    """An API token was issued."""

    token_id: int
    user_id: int
    scopes: list[str]


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Fact):
    """An API token opens nothing any more."""

    token_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class ContactPointAdded(Fact):
    """A person listed a way to be reached; it is not used before it is verified."""

    contact_point_id: int
    user_id: int
    channel: str


@dataclass(frozen=True, kw_only=True)
class ContactPointVerified(Fact):
    """The link that was sent to a contact point came back: pages may go there."""

    contact_point_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class ContactPointRemoved(Fact):
    """A contact point was taken off the list."""

    contact_point_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class ContactPointsReordered(Fact):
    """The order of fallback of a person's contact points was changed."""

    user_id: int
    contact_point_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class TeamMade(Fact):
    """A team was made."""

    team_id: int
    slug: str


@dataclass(frozen=True, kw_only=True)
class TeamChanged(Fact):
    """A team's name or members were changed; `member_ids` are the members now, in order."""

    team_id: int
    slug: str
    member_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class TeamRetired(Fact):
    """A team is no longer used."""

    team_id: int
    slug: str
