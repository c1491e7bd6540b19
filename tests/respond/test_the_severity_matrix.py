"""What makes an incident how grave: the built-in matrix, one of one's own, and the section of continuity.yaml."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stormproof.core.document import Known
from stormproof.respond import selectors, services
from stormproof.respond.document.incidents import IncidentsSection, IncidentsShape
from stormproof.respond.rules import DEFAULT_MATRIX, Criteria, severity_of
from tests.respond.make import NOON, Shop, actor_of, make_incident, make_user
from tests.respond.test_incident_pages import client_of

OWN = {
    "severities": [
        {"level": 1, "name": "Storm", "colour": "down", "functions": ["search"]},
        {"level": 2, "name": "Gale", "colour": "degraded", "revenue_share": 0.25},
        {"level": 3, "name": "Breeze", "rto": "8h"},
        {"level": 4, "name": "Calm", "colour": "unknown"},
    ]
}


@given(
    share=st.decimals(0, 1, places=3),
    rto=st.none() | st.integers(1, 200_000),
    functions=st.integers(0, 5),
)
def test_the_built_in_matrix_is_what_it_always_was(share: Decimal, rto: int | None, functions: int) -> None:
    if functions == 0:
        expected = 4
    elif share >= Decimal("0.5"):
        expected = 1
    elif share >= Decimal("0.1") or (rto is not None and rto <= 3600):
        expected = 2
    else:
        expected = 3
    assert severity_of(share=share, functions=functions, tightest_rto_seconds=rto).level == expected


def test_without_any_reading_the_mildest_holds_and_says_so() -> None:
    matrix = [Criteria(level=1, name="Storm", colour="down", rto_seconds=60), *DEFAULT_MATRIX[3:]]
    found = severity_of(share=Decimal(0), functions=1, tightest_rto_seconds=None, matrix=matrix)
    assert (found.level, found.reason) == (4, "Nothing that makes it graver than Unnoticed holds")


@pytest.mark.django_db
def test_a_matrix_of_ones_own_decides_and_goes_back_to_the_built_in() -> None:
    shop = Shop()
    manager = actor_of(make_user("Mona", roles=("continuity_manager",)))
    section = IncidentsSection()
    section.apply(IncidentsShape(**OWN), actor=manager, at=NOON)
    assert section.read() == {
        "severities": [
            {"level": 1, "name": "Storm", "colour": "down", "functions": ["search"]},
            {"level": 2, "name": "Gale", "colour": "degraded", "revenue_share": 0.25},
            {"level": 3, "name": "Breeze", "colour": "maintenance", "rto": "8h"},
            {"level": 4, "name": "Calm", "colour": "unknown"},
        ]
    }
    incident = make_incident(shop.search)
    assert (incident.severity, incident.severity_reason) == (1, "search is hit")
    page = client_of(shop.alice).get("/incidents/severities/").content.decode()
    assert ("Storm" in page, "at least 25% of revenue stops" in page) == (True, True)
    section.apply(None, actor=manager, at=NOON)
    assert (section.read(), selectors.is_matrix_built_in()) == (None, True)


@pytest.mark.django_db
def test_a_matrix_with_a_hole_or_an_unknown_function_is_refused() -> None:
    Shop()
    section = IncidentsSection()
    holed = IncidentsShape(severities=OWN["severities"][:3])  # type: ignore[arg-type]
    assert [one.message for one in section.check(holed, Known(frozenset({"node:search"})))] == [
        "the matrix has the levels [1, 2, 3]"
    ]
    problems = section.check(IncidentsShape(**OWN), Known(frozenset()))  # type: ignore[arg-type]
    assert [one.message for one in problems] == ["there is no function 'search'"]
    with pytest.raises(services.CannotSetSeverities):
        services.set_severities(DEFAULT_MATRIX[:2], actor=actor_of(make_user("Mona", roles=("admin",))))
    with pytest.raises(ValidationError):
        IncidentsShape(severities=[{"level": 5, "name": "x"}])  # type: ignore[list-item]
