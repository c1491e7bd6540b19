"""API tokens: what they open, for how long, and never more than their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stormproof.core.actor import NOBODY, NotAllowed
from stormproof.people import services
from stormproof.people.models import ApiToken
from stormproof.people.selectors import actor_for, actor_for_token, api_token_for, token_list
from stormproof.people.services import CannotIssueToken
from tests.people.make import AT, actor, person, token_of

pytestmark = pytest.mark.django_db


def test_a_token_may_what_its_scopes_and_its_owner_both_allow():
    owner = person("responder")
    raw = token_of(owner, "respond.act", "watch.read")
    found = actor_for_token(raw, at=AT)
    assert found.permissions == {"respond.act", "watch.read"}
    assert (found.key, found.user_id) == (f"token:{ApiToken.objects.get().pk}", owner.pk)
    services.set_roles(owner, roles=["support_agent"], actor=actor("admin"), at=AT)
    assert actor_for_token(raw, at=AT).permissions == {"watch.read"}


def test_only_the_hash_is_kept():
    raw = token_of(person("auditor"), "watch.read")
    row = ApiToken.objects.get()
    assert len(row.digest) == 64
    assert row.prefix == raw[:9]
    assert not [value for value in vars(row).values() if value == raw]


@pytest.mark.parametrize("raw", ["", "sp_", "sp_nothing", "x" * 10_000, "\x00"])
def test_an_unknown_value_opens_nothing(raw):
    token_of(person("auditor"), "watch.read")
    assert actor_for_token(raw, at=AT) is NOBODY


def test_a_token_opens_nothing_after_its_expiry_its_revocation_or_its_owners_leave():
    owner = person("auditor")
    mine = actor_for(owner)
    end = AT + timedelta(days=1)
    token, raw = services.issue_token(owner, name="x", scopes=["watch.read"], expires_at=end, actor=mine, at=AT)
    assert actor_for_token(raw, at=end - timedelta(seconds=1)).may("watch.read")
    assert actor_for_token(raw, at=end) is NOBODY
    services.deactivate_user(owner, actor=actor("admin"), at=AT)
    assert actor_for_token(raw, at=AT) is NOBODY
    services.reactivate_user(owner, actor=actor("admin"), at=AT)
    services.revoke_token(token, actor=mine, at=AT)
    assert actor_for_token(raw, at=AT) is NOBODY


@pytest.mark.parametrize(
    ("scopes", "message"),
    [([], "at least one"), (["watch.fly"], "no permission"), (["people.admin"], "may not people.admin")],
)
def test_scopes_that_make_no_sense_are_refused(scopes, message):
    owner = person("auditor")
    with pytest.raises(CannotIssueToken, match=message) as refusal:
        services.issue_token(owner, name="x", scopes=scopes, expires_at=None, actor=actor_for(owner), at=AT)
    assert refusal.value.field == "scopes"
    assert not ApiToken.objects.exists()


def test_a_token_cannot_issue_tokens_and_nobody_issues_for_another():
    owner = person("admin")
    by_token = actor_for_token(token_of(owner, "people.admin", "people.write"), at=AT)
    with pytest.raises(CannotIssueToken, match="cannot issue"):
        services.issue_token(owner, name="x", scopes=["watch.read"], expires_at=None, actor=by_token, at=AT)
    with pytest.raises(NotAllowed):
        services.issue_token(owner, name="x", scopes=["watch.read"], expires_at=None, actor=actor("auditor"), at=AT)


def test_an_expiry_in_the_past_is_refused():
    owner = person("auditor")
    with pytest.raises(CannotIssueToken, match="past"):
        services.issue_token(owner, name="x", scopes=["watch.read"], expires_at=AT, actor=actor_for(owner), at=AT)


def test_tokens_are_listed_to_their_owner_and_to_administrators():
    owner, other = person("auditor"), actor("auditor")
    token_of(owner, "watch.read")
    assert [each.owner for each in token_list(actor_for(owner))] == [owner]
    assert list(token_list(other)) == []
    assert token_list(actor("admin")).count() == 1
    with pytest.raises(Exception, match="no token"):
        api_token_for(other, ApiToken.objects.get().pk)


def test_the_last_use_is_kept_to_the_minute():
    token_of(person("auditor"), "watch.read")
    token = ApiToken.objects.get()
    services.note_token_used(token, at=AT)
    token.refresh_from_db()
    services.note_token_used(token, at=AT + timedelta(seconds=59))
    token.refresh_from_db()
    assert token.last_used_at == AT
