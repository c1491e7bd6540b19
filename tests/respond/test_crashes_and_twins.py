"""Two deliveries, two workers, a death between two lines: nothing is lost and nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection, transaction

from stormproof.core.actor import SYSTEM
from stormproof.core.delivery import deliver_once
from stormproof.core.facts import tell
from stormproof.core.models import FactRecord, Message
from stormproof.respond import services
from stormproof.respond.models import (
    Alert,
    Escalation,
    Incident,
    IncidentRun,
    Page,
    TimelineEntry,
)
from stormproof.watch.facts import MonitorRecovered, MonitorWentDown
from stormproof.watch.models import Monitor
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    come_back,
    go_down,
    make_incident,
    make_monitor,
    make_procedure,
    seconds,
    token_in,
)

KEPT = (Incident, Alert, Page, Message, Escalation, TimelineEntry, FactRecord, IncidentRun)
OPEN = "respond.reactions.open_alert_when_a_monitor_goes_down"
CLOSE = "respond.reactions.close_alert_when_a_monitor_recovers"


class Died(BaseException):
    """The process was killed here."""


def counts() -> list[int]:
    return [model.objects.count() for model in KEPT]


def dies_at(number: int) -> Callable[..., Any]:
    """An execute wrapper that dies before statement `number`."""
    done = 0

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal done
        done += 1
        if done == number:
            raise Died
        return execute(sql, params, many, context)

    return wrapper


def died_before(act: Callable[[], Any], number: int) -> bool:
    try:
        with ExitStack() as stack:
            stack.enter_context(transaction.atomic())
            stack.enter_context(connection.execute_wrapper(dies_at(number)))
            act()
    except Died:
        return True
    return False


def crash_everywhere(act: Callable[[], Any], *, at_least: int) -> None:
    """Kill `act` before each of its statements in turn; each time nothing is left behind, until it gets through."""
    before = counts()
    number = 1
    while died_before(act, number):
        assert counts() == before, number
        number += 1
    assert number > at_least


@pytest.mark.django_db
def test_opening_an_incident_dies_anywhere_and_leaves_nothing_behind() -> None:
    shop = Shop()
    make_procedure(shop.database)
    monitor = make_monitor(shop.database)
    crash_everywhere(lambda: go_down(monitor), at_least=20)
    assert [model.objects.count() for model in (Incident, Alert, Page, Message)] == [1, 1, 1, 1]


@pytest.mark.django_db
def test_paging_the_next_dies_anywhere_and_pages_once() -> None:
    shop = Shop()
    make_incident(shop.database)
    crash_everywhere(lambda: services.page_the_next(at=NOON + seconds(301)), at_least=8)
    assert [page.person for page in Page.objects.all()] == [shop.alice, shop.bob]
    assert Message.objects.count() == 2


@pytest.mark.django_db
def test_starting_procedures_dies_anywhere_and_starts_once() -> None:
    shop = Shop()
    make_procedure(shop.database)
    incident = make_incident(shop.database)
    crash_everywhere(lambda: services.start_automatic_procedures(incident, at=NOON), at_least=5)
    services.start_automatic_procedures(incident, at=NOON + seconds(1))
    assert incident.runs.count() == 1


@pytest.mark.django_db
def test_resolving_dies_anywhere_and_resolves_once() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    go_down(monitor)
    come_back(monitor, at=NOON + seconds(20))
    crash_everywhere(lambda: services.resolve_what_has_settled(at=NOON + seconds(60)), at_least=4)
    assert FactRecord.objects.filter(name="IncidentResolved").count() == 1


def told(fact: Any, *, at: Any = NOON) -> FactRecord:
    with transaction.atomic():
        return tell(fact, at=at, actor=SYSTEM)


def went_down(monitor: Monitor) -> MonitorWentDown:
    since = (NOON - seconds(6)).isoformat()
    return MonitorWentDown(monitor_id=monitor.pk, node_id=monitor.node_id, reason="no answer", failed_since=since)


def at_once(*acts: Callable[[], Any]) -> list[BaseException]:
    """Run `acts` in threads that start together; what they raised."""
    barrier, raised = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            act()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


@pytest.mark.django_db(transaction=True)
def test_one_fact_delivered_by_two_workers_opens_one_incident() -> None:
    shop = Shop()
    fact = told(went_down(make_monitor(shop.database)))
    deliver = lambda: deliver_once(fact_id=fact.pk, reaction=OPEN, at=NOON)  # noqa: E731
    assert at_once(deliver, deliver, deliver) == []
    assert [model.objects.count() for model in (Incident, Alert, Page, Message)] == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_storm_taken_in_by_many_workers_at_once_is_one_incident_with_one_page() -> None:
    shop = Shop()
    nodes = (shop.checkout, shop.database, shop.web_a, shop.web_b, shop.search)
    facts = [told(went_down(make_monitor(node))) for node in nodes]
    acts = [lambda fact=fact: deliver_once(fact_id=fact.pk, reaction=OPEN, at=NOON) for fact in facts]
    assert at_once(*acts) == []
    incident = Incident.objects.get()
    assert (incident.root_node, incident.severity, Alert.objects.filter(incident=incident).count()) == (
        shop.database,
        1,
        5,
    )
    assert [page.person for page in Page.objects.filter(cycle=incident.cycle)] == [shop.alice]


@pytest.mark.django_db(transaction=True)
def test_failure_and_recovery_delivered_at_once_leave_no_open_alert() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database, state="up", state_since=NOON + seconds(5), down_since=None)
    down = told(went_down(monitor))
    since = (NOON - seconds(6)).isoformat()
    up = told(MonitorRecovered(monitor_id=monitor.pk, node_id=monitor.node_id, down_since=since), at=NOON + seconds(5))
    raised = at_once(
        lambda: deliver_once(fact_id=down.pk, reaction=OPEN, at=NOON),
        lambda: deliver_once(fact_id=up.pk, reaction=CLOSE, at=NOON),
    )
    assert raised == []
    assert Alert.objects.get().closed_at == NOON + seconds(5)
    assert services.resolve_what_has_settled(at=NOON + seconds(15)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_page_the_next_person_once() -> None:
    shop = Shop()
    make_incident(shop.database)
    late = lambda: services.page_the_next(at=NOON + seconds(301))  # noqa: E731
    assert at_once(late, late) == []
    assert [page.person for page in Page.objects.all()] == [shop.alice, shop.bob]


@pytest.mark.django_db(transaction=True)
def test_two_who_acknowledge_at_once_make_one_commander() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    token = token_in(Page.objects.get())
    raised = at_once(
        lambda: services.acknowledge_by_link(token, at=NOON + seconds(5)),
        lambda: services.acknowledge_by_link(token, at=NOON + seconds(5)),
        lambda: services.acknowledge_incident(incident, actor=actor_of(shop.bob), at=NOON + seconds(5)),
    )
    assert [type(error) for error in raised] == [services.CannotAcknowledge]
    assert FactRecord.objects.filter(name="IncidentAcknowledged").count() == 1


@pytest.mark.django_db
def test_every_incident_that_nobody_answers_has_a_page_under_way_or_a_next_one_due() -> None:
    shop = Shop()
    for moment, node in ((0, shop.web_a), (10, shop.wifi), (200, shop.database), (260, shop.checkout)):
        make_incident(node, at=NOON + seconds(moment))
        for tick in range(0, 4000, 211):
            services.page_the_next(at=NOON + seconds(moment + tick))
            for incident in Incident.objects.filter(state="open"):
                has_next = incident.escalations.filter(next_at__isnull=False).exists()
                gave_up = incident.timeline.filter(key=f"nobody:{incident.cycle}").exists()
                assert has_next or gave_up, (moment, tick)
