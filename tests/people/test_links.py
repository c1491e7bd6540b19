"""One-time links: first set-up, invitation, contact points."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord, Message
from stormproof.core.secrets import open_text
from stormproof.people import selectors, services
from stormproof.people.models import ContactPoint, User
from stormproof.people.selectors import actor_for
from stormproof.people.services import CannotChoosePassword, CannotUseLink
from tests.people.make import AT, PASSWORD, person

pytestmark = pytest.mark.django_db


def setup_token(at=AT) -> str:
    return services.first_setup_link(at=at).rstrip("/").rpartition("/")[2]


def mailed_token(purpose: str) -> str:
    text = open_text(Message.objects.order_by("pk").last().sealed_payload)
    found = json.loads(text)
    body = found.get("text") or found["json"]["link"]
    return body.partition(f"/{purpose}/")[2].partition("/")[0]


def make_admin(token: str, **changes):
    chosen = {"email": "ada@shop.example", "name": "Ada", "password": PASSWORD, "at": AT} | changes
    return services.make_first_admin(token, **chosen)


def test_the_set_up_link_makes_the_first_administrator_once():
    token = setup_token()
    admin = make_admin(token)
    assert (admin.roles, admin.check_password(PASSWORD)) == (["admin"], True)
    assert [point.address for point in selectors.contact_points_of(admin)] == ["ada@shop.example"]
    with pytest.raises(CannotUseLink, match="set up already"):
        make_admin(token, email="eve@shop.example")
    assert services.first_setup_link(at=AT) is None
    assert User.objects.count() == 1
    assert FactRecord.objects.filter(name="FirstAdminMade").count() == 1


def test_a_used_set_up_link_stays_used_when_the_administrators_are_gone():
    token = setup_token()
    make_admin(token)
    User.objects.update(roles=[])
    with pytest.raises(CannotUseLink, match="used or replaced"):
        make_admin(token, email="eve@shop.example")


def test_a_new_set_up_link_replaces_the_one_before():
    first = setup_token()
    setup_token()
    with pytest.raises(CannotUseLink, match="used or replaced"):
        make_admin(first)


def test_the_set_up_link_expires_after_a_day():
    token = setup_token()
    with pytest.raises(CannotUseLink, match="expired"):
        make_admin(token, at=AT + timedelta(hours=24))
    assert not User.objects.exists()


@pytest.mark.parametrize("token", ["", "x", "MQ:1abc:xyz"])
def test_a_forged_link_is_refused(token):
    with pytest.raises(CannotUseLink, match="not one of ours"):
        make_admin(token)


def test_a_link_for_one_purpose_does_not_open_another():
    with pytest.raises(CannotUseLink, match="not one of ours"):
        services.invitation_behind(setup_token(), at=AT)


def test_a_weak_password_is_refused_and_the_link_still_works():
    token = setup_token()
    with pytest.raises(CannotChoosePassword) as refusal:
        make_admin(token, password="password1234")
    assert refusal.value.field == "password"
    assert make_admin(token).roles == ["admin"]


def test_an_invitation_is_accepted_once():
    user = services.invite_user("bob@shop.example", roles=["auditor"], actor=SYSTEM, at=AT)
    token = mailed_token("invitation")
    accepted = services.accept_invitation(token, name="Bob", password=PASSWORD, at=AT)
    assert (accepted.pk, accepted.name, accepted.roles) == (user.pk, "Bob", ["auditor"])
    with pytest.raises(CannotUseLink):
        services.accept_invitation(token, name="Eve", password=PASSWORD, at=AT)


def test_inviting_again_makes_the_earlier_link_useless():
    user = services.invite_user("bob@shop.example", roles=[], actor=SYSTEM, at=AT)
    earlier = mailed_token("invitation")
    services.invite_again(user, actor=SYSTEM, at=AT)
    with pytest.raises(CannotUseLink):
        services.invitation_behind(earlier, at=AT)
    assert services.invitation_behind(mailed_token("invitation"), at=AT).user == user


def test_the_invitation_of_a_person_who_was_switched_off_is_withdrawn():
    user = services.invite_user("bob@shop.example", roles=[], actor=SYSTEM, at=AT)
    services.deactivate_user(user, actor=SYSTEM, at=AT)
    with pytest.raises(CannotUseLink, match="withdrawn"):
        services.accept_invitation(mailed_token("invitation"), name="Bob", password=PASSWORD, at=AT)


def test_a_contact_point_is_used_only_after_its_link_came_back():
    user = person("responder")
    point = services.add_contact_point(
        user, channel="webhook", address="https://chat.example/hook", actor=actor_for(user), at=AT
    )
    assert [each.channel for each in selectors.contact_points_of(user)] == ["email"]
    services.verify_contact_point(mailed_token("contact"), at=AT)
    assert [each.pk for each in selectors.contact_points_of(user)][1] == point.pk
    assert FactRecord.objects.filter(name="ContactPointVerified").count() == 1


def test_the_order_of_contact_points_is_the_order_of_fallback():
    user = person("responder")
    mine = actor_for(user)
    second = services.add_contact_point(user, channel="email", address="b@shop.example", actor=mine, at=AT)
    services.verify_contact_point(mailed_token("contact"), at=AT)
    first = ContactPoint.objects.get(user=user, position=0)
    services.reorder_contact_points(user, ids=[second.pk, first.pk], actor=mine, at=AT)
    assert [each.pk for each in selectors.contact_points_of(user)] == [second.pk, first.pk]
    with pytest.raises(services.CannotReorderContactPoints):
        services.reorder_contact_points(user, ids=[second.pk], actor=mine, at=AT)
    services.remove_contact_point(second, actor=mine, at=AT)
    with pytest.raises(services.CannotRemoveContactPoint, match="last verified"):
        services.remove_contact_point(first, actor=mine, at=AT)
    assert [(each.pk, each.position) for each in selectors.contact_points_of(user)] == [(first.pk, 0)]


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", "nobody"), ("webhook", "ftp://x.example"), ("webhook", "https://u:p@x.example/"), ("fax", "1")],
)
def test_a_wrong_address_is_refused(channel, address):
    user = person()
    with pytest.raises(services.CannotAddContactPoint):
        services.add_contact_point(user, channel=channel, address=address, actor=actor_for(user), at=AT)
    assert ContactPoint.objects.filter(user=user).count() == 1


def test_facts_hold_no_secret_and_no_address():
    user = services.invite_user("bob@shop.example", roles=["auditor"], actor=SYSTEM, at=AT)
    token = mailed_token("invitation")
    services.accept_invitation(token, name="Bob", password=PASSWORD, at=AT)
    _, raw = services.issue_token(
        user, name="x", scopes=["people.read"], expires_at=None, actor=actor_for(User.objects.get()), at=AT
    )
    told = json.dumps(list(FactRecord.objects.values_list("payload", flat=True)))
    for secret in (token, PASSWORD, raw, raw[:9], "bob@shop.example"):
        assert secret not in told
