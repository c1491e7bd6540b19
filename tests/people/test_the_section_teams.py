"""The section `teams` of continuity.yaml."""

from __future__ import annotations

import pytest
from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from stormproof.core.actor import SYSTEM, NotAllowed
from stormproof.core.document import Known
from stormproof.core.models import FactRecord
from stormproof.people.document import TeamsSection
from stormproof.people.models import Team, User
from stormproof.people.selectors import team_members
from tests.people.make import AT, actor, person

pytestmark = pytest.mark.django_db
SECTION = TeamsSection()
FILE = {
    "platform": {"name": "Platform", "members": ["ops@shop.example", "dba@shop.example"]},
    "service": {"name": "Customer service", "members": ["ops@shop.example"]},
}


def apply(value, *, by=SYSTEM):
    shaped = TypeAdapter(SECTION.shape).validate_python(value)
    with transaction.atomic():
        SECTION.apply(shaped, actor=by, at=AT)


def test_what_was_applied_is_read_back():
    assert SECTION.read() is None
    apply(FILE)
    assert SECTION.read() == FILE
    told = FactRecord.objects.count()
    apply(FILE)
    assert FactRecord.objects.count() == told


def test_members_who_are_not_here_are_invited_as_responders():
    ops = person("admin", email="ops@shop.example")
    apply(FILE)
    assert User.objects.get(email="ops@shop.example").roles == ["admin"]
    assert User.objects.get(email="dba@shop.example").roles == ["responder"]
    assert team_members(Team.objects.get(slug="platform"))[0] == ops


def test_a_team_that_is_not_in_the_file_any_more_is_retired_and_comes_back():
    apply(FILE)
    apply({"service": FILE["service"]})
    assert SECTION.read() == {"service": FILE["service"]}
    assert Team.objects.get(slug="platform").retired_at == AT
    apply(FILE)
    assert SECTION.read() == FILE


def test_addresses_are_read_without_regard_to_case():
    apply({"platform": {"name": "Platform", "members": ["Ops@Shop.Example"]}})
    assert SECTION.read() == {"platform": {"name": "Platform", "members": ["ops@shop.example"]}}


@pytest.mark.parametrize(
    "value",
    [
        {"Bad Name": {"name": "x"}},
        {"x": {"name": ""}},
        {"x": {"name": "x", "boss": 1}},
        {"x": {"name": "x", "members": ["no"]}},
    ],
)
def test_wrong_shapes_are_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(SECTION.shape).validate_python(value)


def test_a_member_named_twice_is_a_problem():
    value = TypeAdapter(SECTION.shape).validate_python({"x": {"name": "x", "members": ["a@b.example", "A@b.example"]}})
    assert [problem.path for problem in SECTION.check(value, Known())] == [("teams", "x", "members", 1)]
    assert SECTION.names(value) == {"team:x"}


def test_who_may_not_write_people_applies_nothing():
    with pytest.raises(NotAllowed):
        apply(FILE, by=actor("responder"))
    assert SECTION.read() is None
