"""The section `paging` of continuity.yaml: what it says is what is paged, and what it cannot mean is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from stormproof.core.actor import SYSTEM
from stormproof.core.document import Known
from stormproof.respond.document import PagingSection, PagingShape
from stormproof.respond.models import PagingPolicy, PagingWebhook, PolicyStep
from stormproof.respond.services.policies import snapshot_for
from tests.respond.make import NOON, Shop

SECTION = PagingSection()
ADAPTER: TypeAdapter[PagingShape] = TypeAdapter(SECTION.shape)
WHOLE = {
    "teams": {
        "platform": {
            "people": ["bob@shop.example", {"person": "alice@shop.example", "wait": "10m"}],
            "wait": "2m",
            "repeat": 2,
            "webhooks": ["https://chat.example/platform"],
        }
    },
    "default_team": "platform",
    "webhooks": ["https://chat.example/all"],
}


def in_file_form(value: Any) -> Any:
    return ADAPTER.dump_python(ADAPTER.validate_python(value), mode="json", exclude_none=True, exclude_defaults=True)


def order(found: Any) -> list[tuple[int, int]]:
    return [(step["people"][0], step["wait"]) for step in found.steps]


def apply(value: Any) -> None:
    SECTION.apply(ADAPTER.validate_python(value) if value is not None else None, actor=SYSTEM, at=NOON)


def check(value: Any, *, teams: tuple[str, ...] = ("platform",)) -> list[tuple[tuple[str | int, ...], str]]:
    known = Known(names=frozenset(f"team:{team}" for team in teams))
    return [(problem.path, problem.message) for problem in SECTION.check(ADAPTER.validate_python(value), known)]


@pytest.mark.django_db
def test_what_was_applied_is_read_back_equal_and_is_what_is_paged() -> None:
    shop = Shop()
    apply(WHOLE)
    assert in_file_form(SECTION.read()) == WHOLE
    found = snapshot_for(shop.database)
    assert (order(found), found.repeat) == ([(shop.bob.pk, 120), (shop.alice.pk, 600)], 2)
    assert found.webhooks == ("https://chat.example/platform", "https://chat.example/all")
    assert snapshot_for(shop.checkout).steps == found.steps  # no team: the default one


@pytest.mark.django_db
def test_a_team_without_an_order_is_paged_by_its_members() -> None:
    shop = Shop()
    apply({"teams": {"platform": {"wait": "1m"}}})
    assert in_file_form(SECTION.read()) == {"teams": {"platform": {"wait": "1m"}}}
    assert order(snapshot_for(shop.database)) == [(shop.alice.pk, 60), (shop.bob.pk, 60)]


@pytest.mark.django_db
def test_what_the_file_leaves_out_is_taken_away() -> None:
    Shop()
    apply(WHOLE)
    apply({"teams": {"platform": {"people": ["alice@shop.example"]}}})
    assert in_file_form(SECTION.read()) == {"teams": {"platform": {"people": ["alice@shop.example"]}}}
    apply(None)
    assert SECTION.read() is None
    assert [model.objects.count() for model in (PagingPolicy, PolicyStep, PagingWebhook)] == [0, 0, 0]


@pytest.mark.django_db
def test_unknown_teams_and_people_and_repeated_ones_are_named_with_their_place() -> None:
    Shop()
    assert check({"teams": {"platfrom": {}}}) == [(("paging", "teams", "platfrom"), "there is no team 'platfrom'")]
    assert check({"default_team": "x"}) == [(("paging", "default_team"), "there is no team 'x'")]
    assert check({"default_team": "platform"}) == [
        (("paging", "default_team"), "the default team has no paging of its own")
    ]
    people = ["alice@shop.example", "nobody@shop.example", "alice@shop.example"]
    assert check({"teams": {"platform": {"people": people}}}) == [
        (("paging", "teams", "platform", "people", 1), "nobody has the address nobody@shop.example"),
        (("paging", "teams", "platform", "people", 2), "alice@shop.example is in the order twice"),
    ]
    assert check(WHOLE) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"team": {}},
        {"teams": {"platform": {"wait": 5}}},
        {"teams": {"platform": {"wait": "0s"}}},
        {"teams": {"platform": {"repeat": 0}}},
        {"teams": {"platform": {"repeat": 21}}},
        {"teams": {"platform": {"people": ["alice"]}}},
        {"teams": {"platform": {"people": [{"person": "alice@shop.example"}]}}},
        {"webhooks": ["ftp://chat.example"]},
        {"webhooks": ["javascript:alert(1)"]},
    ],
)
def test_a_wrong_shape_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(wrong)
