"""The section `exercises` of continuity.yaml."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from stormproof.core.document import Known
from stormproof.rehearse.document import ExercisesSection
from stormproof.rehearse.models import Exercise
from tests.rehearse.make import NOON, definition, make_actor, make_target

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9"
SECTION = ExercisesSection()


def read(**more: Any) -> Any:
    return TypeAdapter(SECTION.shape).validate_python({"psp-loss": definition(URL, **more)})


def complaints(value: Any) -> list[tuple[tuple[str | int, ...], str]]:
    known = Known(names=frozenset({"node:psp-a"}))
    return [(problem.path, problem.message) for problem in SECTION.check(value, known)]


def test_what_was_applied_reads_back_the_same() -> None:
    make_target()
    alice = make_actor("Alice")
    SECTION.apply(read(within="30s"), actor=alice, at=NOON)
    stored = SECTION.read()
    assert stored is not None
    assert TypeAdapter(SECTION.shape).validate_python(stored) == read(within="30s")


def test_an_address_this_installation_may_not_reach_is_a_named_fault() -> None:
    fault = {"kind": "http-request", "with": {"request": {"method": "PUT", "url": "http://169.254.169.254/mode"}}}
    asked = {"kind": "http", "with": {"url": "http://169.254.169.254/healthz"}}
    said = str(complaints(read(fault=fault))) + str(complaints(read(recovered_when=asked)))
    assert said.count("cloud metadata address") == 2


def test_an_exercise_the_file_no_longer_has_is_retired() -> None:
    make_target()
    alice = make_actor("Alice")
    SECTION.apply(read(), actor=alice, at=NOON)
    SECTION.apply({}, actor=alice, at=NOON)
    assert SECTION.read() is None
    assert Exercise.objects.get().retired_at == NOON


def test_an_unknown_target_is_named() -> None:
    assert complaints(read(target="psp-x")) == [
        (("exercises", "psp-loss", "target"), "there is nothing named 'psp-x' to break")
    ]


def test_an_unknown_kind_of_fault_is_named() -> None:
    [(path, message)] = complaints(read(fault={"kind": "earthquake", "with": {}}))
    assert path == ("exercises", "psp-loss", "fault", "kind")
    assert "no kind of fault named 'earthquake'" in message


def test_a_fault_that_cannot_be_repeated_is_refused() -> None:
    request = {"method": "POST", "url": f"{URL}/break"}
    fault = {"kind": "http-request", "with": {"request": request, "undo": {"method": "PUT", "url": f"{URL}/mend"}}}
    [(path, message)] = complaints(read(fault=fault))
    assert path == ("exercises", "psp-loss", "fault", "with")
    assert "use PUT or DELETE" in message


def test_a_look_that_changes_something_is_no_look() -> None:
    look = {"kind": "manual", "with": {"instruction": "Look"}}
    [(path, message)] = complaints(read(recovered_when=look))
    assert path[:3] == ("exercises", "psp-loss", "recovered_when")
    assert message == "manual cannot verify"
