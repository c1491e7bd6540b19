"""Facts are told in the transaction they belong to, reach each reaction once, and are parked when one keeps failing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from stormproof.core import facts
from stormproof.core.actor import SYSTEM, Actor, NotAllowed
from stormproof.core.delivery import CannotRetryReaction, deliver_once, park, retry_parked
from stormproof.core.facts import Fact, history_of, on, tell
from stormproof.core.models import Delivery, FactRecord, ParkedReaction

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class KettleBoiled(Fact):
    """A kettle boiled."""

    kettle_id: int
    litres: float


heard: list[float] = []


@on(KettleBoiled)
def make_tea_when_a_kettle_boils(fact: KettleBoiled, *, at: datetime) -> None:
    heard.append(fact.litres)
    if fact.litres < 0:
        raise ValueError("less than nothing")


REACTION = next(name for name in facts._functions if name.endswith("make_tea_when_a_kettle_boils"))


@pytest.fixture(autouse=True)
def _silence() -> None:
    heard.clear()


def boil(litres: float = 1.5) -> FactRecord:
    with transaction.atomic():
        return tell(KettleBoiled(kettle_id=7, litres=litres), at=AT)


@pytest.mark.django_db
def test_a_fact_is_a_row_with_its_subjects_and_one_job_per_reaction() -> None:
    record = boil()
    assert (record.name, record.payload, record.subjects) == (
        "KettleBoiled",
        {"kettle_id": 7, "litres": 1.5},
        ["kettle:7"],
    )
    assert list(history_of("kettle:7")) == [record]
    jobs = ProcrastinateJob.objects.filter(task_name="core.deliver")
    assert [job.args for job in jobs] == [{"fact_id": record.pk, "reaction": REACTION}]


@pytest.mark.django_db(transaction=True)
def test_a_fact_told_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        tell(KettleBoiled(kettle_id=7, litres=1), at=AT)


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_fact_and_no_job() -> None:
    def boil_and_break() -> None:
        with transaction.atomic():
            tell(KettleBoiled(kettle_id=7, litres=1), at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        boil_and_break()
    assert not FactRecord.objects.filter(name="KettleBoiled").exists()
    assert not ProcrastinateJob.objects.filter(task_name="core.deliver").exists()


@pytest.mark.django_db
def test_a_reaction_runs_once_however_often_its_job_does() -> None:
    record = boil()
    assert deliver_once(fact_id=record.pk, reaction=REACTION, at=AT)
    assert not deliver_once(fact_id=record.pk, reaction=REACTION, at=AT)
    assert heard == [1.5]
    assert Delivery.objects.filter(fact=record).count() == 1


@pytest.mark.django_db
def test_a_reaction_that_fails_leaves_no_mark_and_may_run_again() -> None:
    record = boil(-1)
    for _ in range(2):
        with pytest.raises(ValueError, match="less than nothing"):
            deliver_once(fact_id=record.pk, reaction=REACTION, at=AT)
    assert heard == [-1, -1]
    assert not Delivery.objects.filter(fact=record).exists()


@pytest.mark.django_db
def test_a_parked_reaction_is_told_and_can_be_retried_once() -> None:
    record = boil(-1)
    park(fact_id=record.pk, reaction=REACTION, error=ValueError("no"), attempts=6, at=AT)
    parked = ParkedReaction.objects.get()
    assert parked.error == "ValueError: no"
    assert FactRecord.objects.filter(name="ReactionParked").count() == 1
    retry_parked(parked.pk, actor=SYSTEM, at=AT)
    with pytest.raises(CannotRetryReaction):
        retry_parked(parked.pk, actor=SYSTEM, at=AT)
    jobs = ProcrastinateJob.objects.filter(task_name="core.deliver", args__fact_id=record.pk)
    assert jobs.count() == 2


@pytest.mark.django_db
def test_only_who_may_administer_retries_a_parked_reaction() -> None:
    bob = Actor(key="user:2", name="Bob", permissions=frozenset({"watch.read"}))
    with pytest.raises(NotAllowed, match=r"people\.admin"):
        retry_parked(1, actor=bob, at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql", ["UPDATE core_fact SET name = 'x'", "DELETE FROM core_fact", "TRUNCATE core_fact CASCADE"]
)
def test_the_database_refuses_to_change_a_fact(sql: str) -> None:
    record = boil()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert FactRecord.objects.filter(pk=record.pk, name="KettleBoiled").exists()
