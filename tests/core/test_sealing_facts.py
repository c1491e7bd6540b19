"""The chain over all facts holds, and names the first fact that was altered behind its back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from stormproof.core.facts import MessageSent, tell
from stormproof.core.models import FactRecord, SealedFact
from stormproof.core.seal import seal_facts, verify_facts

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def told(count: int) -> list[FactRecord]:
    with transaction.atomic():
        return [tell(MessageSent(message_id=n, key=f"k{n}", about_what=""), at=AT) for n in range(count)]


def behind_its_back(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET session_replication_role = origin")


def test_facts_are_chained_in_order_and_the_chain_holds() -> None:
    rows = told(5)
    assert seal_facts(at=AT) == 5
    assert seal_facts(at=AT) == 0
    assert list(SealedFact.objects.order_by("position").values_list("fact_id", flat=True)) == [row.pk for row in rows]
    verdict = verify_facts()
    assert verdict.holds
    assert (verdict.facts, verdict.unsealed) == (5, 0)
    told(1)
    assert verify_facts().unsealed == 1


def test_an_altered_fact_is_named() -> None:
    rows = told(5)
    seal_facts(at=AT)
    behind_its_back("UPDATE core_fact SET actor_name = 'Mallory' WHERE id = %s", rows[2].pk)
    verdict = verify_facts()
    assert (verdict.broken_fact_id, verdict.facts) == (rows[2].pk, 2)
    assert verdict.reason == "the fact differs from what was sealed"


def test_a_removed_fact_is_named() -> None:
    rows = told(3)
    seal_facts(at=AT)
    behind_its_back("DELETE FROM core_fact WHERE id = %s", rows[1].pk)
    assert verify_facts().broken_fact_id == rows[1].pk


def test_a_removed_seal_is_noticed() -> None:
    rows = told(3)
    seal_facts(at=AT)
    behind_its_back("DELETE FROM core_sealed_fact WHERE position = 2")
    verdict = verify_facts()
    assert verdict.broken_fact_id == rows[2].pk
    assert "1 seals before it are missing" in verdict.reason


def test_a_fact_put_in_with_the_trigger_off_is_named() -> None:
    told(2)
    seal_facts(at=AT)
    behind_its_back(
        "INSERT INTO core_fact (name, payload, subjects, actor, actor_name, origin, happened_at, told_at)"
        " VALUES ('MessageSent', '{}', '{}', 'user:1', 'Mallory', '', %s, %s)",
        AT,
        AT,
    )
    assert verify_facts().broken_fact_id == FactRecord.objects.get(actor_name="Mallory").pk
