"""`procedures:` in continuity.yaml: wrong ones are named with their line, right ones come back equal."""

# ruff: noqa: E501  (a case is one line)
from __future__ import annotations

import pytest
from django.utils import timezone

from stormproof.business.choices import Door
from stormproof.business.document.planning import export_document
from stormproof.business.services import apply_document
from stormproof.core.actor import SYSTEM
from stormproof.core.refusals import Refused
from stormproof.recover.models import Procedure

pytestmark = pytest.mark.django_db

HEAD = """version: 1
business: {name: Harbour Outdoor, currency: EUR, time_zone: Europe/Berlin}
assets:
  orders-db: {name: Orders database, type: database}
procedures:
  promote-standby:
    name: Promote the standby
    recovers: orders-db
"""
GOOD = """    start: automatic
    parameters: {backend: {default: db}}
    steps:
      - id: fence
        kind: haproxy
        with: {socket: /run/haproxy.sock, server: "${backend}/a", state: maint}
        timeout: 5s
        retries: 1
      - id: promote
        kind: postgres-promote
        with: {url: "env:SHOP_STANDBY"}
        on_failure: ask
        verify: {kind: sql, with: {url: "env:SHOP_STANDBY", query: select pg_is_in_recovery(), expect: {equals: false}}}
"""


def apply(text: str) -> None:
    apply_document(text, door=Door.COMMAND, actor=SYSTEM, at=timezone.now())


def complaints(steps: str) -> str:
    with pytest.raises(Refused) as refused:
        apply(HEAD + steps)
    assert not Procedure.objects.exists()
    problems = getattr(refused.value, "problems", None)
    return "\n".join(str(problem) for problem in problems) if problems else str(refused.value)


def test_a_procedure_comes_back_equal_and_applying_it_again_changes_nothing() -> None:
    apply(HEAD + GOOD)
    procedure = Procedure.objects.get()
    assert (procedure.start, procedure.version, procedure.node.slug) == ("automatic", 1, "orders-db")
    exported = export_document()
    apply(exported)
    assert export_document() == exported
    assert Procedure.objects.get().version == 1
    apply(HEAD + GOOD.replace("retries: 1", "retries: 2"))
    assert Procedure.objects.get().version == 2
    apply(HEAD.split("procedures:", maxsplit=1)[0] + "procedures: {}\n")
    assert Procedure.objects.get().retired_at is not None


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("    steps: [{id: a, kind: teleport}]\n", "there is no kind of step named 'teleport'"),
        ("    steps: [{id: a, kind: command, with: {argv: rm -rf /}}]\n", "argv is a list of words"),
        ("    steps: [{id: a, kind: command, with: {argv: [a], shell: true}}]\n", "shell"),
        ('    steps: [{id: a, kind: command, with: {argv: [bash, -c, "rm ${x}"]}}]\n    parameters: {x: {}}\n', "what a shell reads"),
        ('    steps: [{id: a, kind: sql, with: {url: "env:X", query: "select ${x}"}}]\n    parameters: {x: {}}\n', "no ${parameter} may stand in query"),
        ('    steps: [{id: a, kind: sql, with: {url: "env:DATABASE_URL", query: "select 1"}}]\n', "cannot be used in a step"),
        ("    steps: [{id: a, kind: manual, with: {instruction: x}}, {id: a, kind: manual, with: {instruction: y}}]\n", "two steps are named 'a'"),
        ("    steps: [{id: a, kind: manual, with: {instruction: x}, needs: [b]}]\n", "no step before this one is named 'b'"),
        ("    steps: [{id: a, kind: command, with: {argv: [x]}, verify: {kind: notify, with: {}}}]\n", "notify cannot verify"),
        ("    steps: [{id: a, kind: approve, with: {team: nobody}}]\n", "there is no team 'nobody'"),
        ("    steps: [{id: a, kind: manual, with: {instruction: x}, timeout: 5}]\n", "not a duration"),
        ('    start: automatic\n    parameters: {x: {}}\n    steps: [{id: a, kind: manual, with: {instruction: "${x}"}}]\n', "an automatic procedure needs a default"),
        ("    parameters: {x: {}}\n    steps: [{id: a, kind: manual, with: {instruction: x}}]\n", "no step uses the parameter x"),
        ('    steps: [{id: a, kind: manual, with: {instruction: "${y}"}}]\n', "${y} is no parameter of the procedure"),
        ("    steps: [{id: a, kind: http, with: {url: 'http://169.254.169.254/'}}]\n", "cloud metadata address"),
        ("    steps: []\n", "steps"),
    ],
)  # fmt: skip
def test_a_wrong_procedure_is_refused_by_name_and_nothing_changes(steps: str, words: str) -> None:
    assert words in complaints(steps)


def test_a_procedure_for_nothing_is_refused() -> None:
    text = (HEAD + GOOD).replace("recovers: orders-db", "recovers: order-db")
    with pytest.raises(Refused) as refused:
        apply(text)
    assert "order-db" in str(getattr(refused.value, "problems", refused.value))
