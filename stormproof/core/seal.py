"""The seal of the audit trail: a keyed hash chain over all facts, and its verification.

A trigger puts each new fact into a waiting list; once a minute the committed ones are chained in order of their id.
hash(n) = HMAC-SHA256(key, hash(n-1) | canonical JSON of the fact). The key is drawn from the installation's own, so
somebody who can write to the database but not read the key file cannot forge the chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from stormproof.core.models import FactRecord, SealedFact
from stormproof.core.secrets import derived_key

FIRST = "0" * 64
BATCH = 5000
LOCK = 7_240_001  # pg advisory lock: one sealer at a time


@dataclass(frozen=True)
class Verdict:
    """What verification found: how many facts hold, and the first that does not (`broken_fact_id`, `reason`)."""

    facts: int
    unsealed: int
    head: str
    broken_fact_id: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether every sealed fact is as it was told."""
        return self.broken_fact_id is None


def seal_facts(*, at: datetime) -> int:
    """Chain the facts that have committed since the last seal; returns how many. No lock on the path that tells."""
    sealed = 0
    while count := _seal_batch(at=at):
        sealed += count
        if count < BATCH:
            break
    return sealed


@transaction.atomic
def _seal_batch(*, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            "DELETE FROM core_unsealed_fact WHERE fact_id IN"
            " (SELECT fact_id FROM core_unsealed_fact ORDER BY fact_id LIMIT %s) RETURNING fact_id",
            [BATCH],
        )
        ids = sorted(row[0] for row in cursor.fetchall())
    position, last = SealedFact.objects.order_by("-position").values_list("position", "hash").first() or (0, FIRST)
    rows = []
    for record in FactRecord.objects.filter(pk__in=ids).order_by("pk"):
        position, last = position + 1, link(last, record)
        rows.append(SealedFact(position=position, fact=record, hash=last, sealed_at=at))
    SealedFact.objects.bulk_create(rows)
    return len(rows)


def link(previous: str, record: FactRecord) -> str:
    """The hash that follows `previous` for this fact, as 64 hexadecimal digits."""
    told = json.dumps(_canonical(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(derived_key("facts"), f"{previous}|{told}".encode(), hashlib.sha256).hexdigest()


def _canonical(record: FactRecord) -> dict[str, Any]:
    return {
        "id": record.pk,
        "name": record.name,
        "payload": record.payload,
        "subjects": record.subjects,
        "actor": record.actor,
        "actor_name": record.actor_name,
        "origin": record.origin,
        "happened_at": record.happened_at.isoformat(),
        "told_at": record.told_at.isoformat(),
    }


def verify_facts() -> Verdict:
    """Walk the whole chain from its start and stop at the first fact that is altered, missing or out of place."""
    last, count = FIRST, 0
    for seal, record in _chain():
        if seal.position != count + 1:
            return _broken(count, last, seal.fact_id, f"{seal.position - count - 1} seals before it are missing")
        if record is None:
            return _broken(count, last, seal.fact_id, "the fact was removed after it was sealed")
        last = link(last, record)
        if not hmac.compare_digest(last, seal.hash):
            return _broken(count, last, seal.fact_id, "the fact differs from what was sealed")
        count += 1
    smuggled = _smuggled()
    if smuggled is not None:
        return _broken(count, last, smuggled, "the fact was put in without being told")
    return Verdict(facts=count, unsealed=_unsealed(), head=last)


def _chain() -> Iterator[tuple[SealedFact, FactRecord | None]]:
    start = 0
    while True:
        seals = list(SealedFact.objects.filter(pk__gt=start).order_by("pk")[:BATCH])
        if not seals:
            return
        facts = FactRecord.objects.in_bulk([seal.fact_id for seal in seals])
        for seal in seals:
            yield seal, facts.get(seal.fact_id)
        start = seals[-1].pk


def _smuggled() -> int | None:
    """A fact that is neither sealed nor waiting: written with the trigger off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(f.id) FROM core_fact f LEFT JOIN core_sealed_fact s ON s.fact_id = f.id"
            " LEFT JOIN core_unsealed_fact u ON u.fact_id = f.id WHERE s.position IS NULL AND u.fact_id IS NULL"
        )
        found = cursor.fetchone()[0]
    return None if found is None else int(found)


def _unsealed() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_unsealed_fact")
        return int(cursor.fetchone()[0])


def _broken(count: int, head: str, fact_id: int, reason: str) -> Verdict:
    return Verdict(facts=count, unsealed=_unsealed(), head=head, broken_fact_id=fact_id, reason=reason)
