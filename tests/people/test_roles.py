"""Who may do what, and who may give it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from stormproof.core.actor import NOBODY, NotAllowed
from stormproof.core.models import FactRecord
from stormproof.people import selectors, services
from stormproof.people.choices import PERMISSIONS, Role
from stormproof.people.models import User
from stormproof.people.rules import PERMISSIONS_OF_ROLE, needs_second_factor, permissions_of
from stormproof.people.selectors import actor_for
from stormproof.people.services import CannotChangeRoles, CannotDeactivate, CannotInvite
from tests.people.make import AT, actor, person

pytestmark = pytest.mark.django_db


def facts(name: str) -> list[dict]:
    return list(FactRecord.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


def test_every_role_has_permissions_and_the_administrator_has_all():
    assert set(PERMISSIONS_OF_ROLE) == set(Role.values)
    assert permissions_of(["admin"]) == set(PERMISSIONS)
    assert permissions_of(["employee"]) == set()
    assert permissions_of(["no such role"]) == set()
    assert all(held <= set(PERMISSIONS) for held in PERMISSIONS_OF_ROLE.values())
    assert not [each for each in PERMISSIONS_OF_ROLE["auditor"] if not each.endswith(".read")]


def test_roles_add_up():
    both = permissions_of(["support_agent", "auditor"])
    assert both == PERMISSIONS_OF_ROLE["support_agent"] | PERMISSIONS_OF_ROLE["auditor"]


def test_a_second_factor_is_asked_of_whoever_holds_one_of_the_roles():
    assert needs_second_factor(["responder", "admin"], ["admin"])
    assert not needs_second_factor(["responder"], ["admin"])


def test_a_person_who_was_switched_off_is_nobody():
    admin, user = actor("admin"), person("responder")
    services.deactivate_user(user, actor=admin, at=AT)
    assert actor_for(user) is NOBODY
    assert selectors.contact_points_of(user) == []
    services.reactivate_user(user, actor=admin, at=AT)
    assert actor_for(user).may("respond.act")
    assert facts("UserDeactivated") == facts("UserReactivated") == [{"user_id": user.pk}]


def test_inviting_makes_a_person_with_a_mailed_link_and_a_first_contact_point():
    user = services.invite_user(" Ada@Shop.Example ", roles=["responder"], actor=actor("admin"), at=AT)
    assert (user.email, user.roles, user.has_usable_password()) == ("ada@shop.example", ["responder"], False)
    assert [point.address for point in selectors.contact_points_of(user)] == ["ada@shop.example"]
    assert facts("UserInvited")[-1] == {"user_id": user.pk, "roles": ["responder"]}


def test_inviting_somebody_who_is_here_is_refused():
    user = person("responder")
    with pytest.raises(CannotInvite, match="is here already") as refusal:
        services.invite_user(user.email.upper(), roles=["admin"], actor=actor("admin"), at=AT)
    assert refusal.value.field == "email"
    user.refresh_from_db()
    assert user.roles == ["responder"]


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@shop.example", "a@shop.example\nBcc: x@y.example"])
def test_inviting_a_wrong_address_is_refused(email):
    with pytest.raises(CannotInvite):
        services.invite_user(email, roles=[], actor=actor("admin"), at=AT)


def test_a_responder_may_not_invite():
    with pytest.raises(NotAllowed, match=r"people\.write"):
        services.invite_user("x@shop.example", roles=[], actor=actor("responder"), at=AT)


def test_nobody_hands_out_more_than_they_hold():
    manager, user = actor("continuity_manager"), person()
    services.set_roles(user, roles=["responder", "auditor"], actor=manager, at=AT)
    with pytest.raises(CannotChangeRoles, match="Administrator") as refusal:
        services.set_roles(user, roles=["admin"], actor=manager, at=AT)
    assert refusal.value.field == "roles"
    user.refresh_from_db()
    assert user.roles == ["auditor", "responder"]
    assert [fact["role"] for fact in facts("RoleGranted")] == ["auditor", "responder"]


def test_a_manager_may_not_take_the_role_of_an_administrator():
    person("admin")
    admin = person("admin")
    with pytest.raises(CannotChangeRoles):
        services.set_roles(admin, roles=[], actor=actor("continuity_manager"), at=AT)
    with pytest.raises(NotAllowed):
        services.deactivate_user(admin, actor=actor("continuity_manager"), at=AT)
    admin.refresh_from_db()
    assert (admin.roles, admin.is_active) == (["admin"], True)


def test_the_last_administrator_keeps_the_role_and_the_sign_in():
    admin = person("admin")
    with pytest.raises(CannotChangeRoles, match="last administrator"):
        services.set_roles(admin, roles=["auditor"], actor=actor_for(admin), at=AT)
    with pytest.raises(CannotDeactivate, match="last administrator"):
        services.deactivate_user(admin, actor=actor_for(admin), at=AT)
    person("admin")
    services.set_roles(admin, roles=["auditor"], actor=actor_for(admin), at=AT)
    assert facts("RoleRevoked") == [{"user_id": admin.pk, "role": "admin"}]


def test_an_administrator_who_is_switched_off_does_not_count():
    first, second = person("admin"), person("admin")
    services.deactivate_user(second, actor=actor_for(first), at=AT)
    with pytest.raises(CannotDeactivate):
        services.deactivate_user(first, actor=actor_for(first), at=AT)


def test_the_database_refuses_an_unknown_role():
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="x@shop.example", roles=["king"])


def test_seen_is_written_at_most_every_five_minutes():
    user = person()
    services.note_seen(user, at=AT)
    user.refresh_from_db()
    services.note_seen(user, at=AT + timedelta(minutes=4))
    user.refresh_from_db()
    assert user.seen_at == AT


def test_the_profile_is_ones_own():
    user, other = person(), actor("responder")
    with pytest.raises(NotAllowed):
        services.change_profile(user, name="x", phone="", time_zone="UTC", actor=other, at=AT)
    services.change_profile(user, name="Ada", phone="1", time_zone="Europe/Berlin", actor=actor_for(user), at=AT)
    assert facts("ProfileChanged") == [{"user_id": user.pk, "fields": ["name", "phone", "time_zone"]}]
    with pytest.raises(services.CannotChangeProfile):
        services.change_profile(user, name="Ada", phone="1", time_zone="Mars/Crater", actor=actor_for(user), at=AT)
