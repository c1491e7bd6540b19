"""Procedures: automatic ones start once for the root cause, the others wait for a person."""

from __future__ import annotations

from datetime import datetime

import pytest

from stormproof.core.actor import NotAllowed
from stormproof.recover.models import Run
from stormproof.respond import reactions, selectors, services
from stormproof.respond.facts import IncidentOpened
from stormproof.respond.models import Incident
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    go_down,
    make_incident,
    make_monitor,
    make_procedure,
    minutes,
    seconds,
)

pytestmark = pytest.mark.django_db


def opened(incident: Incident, *, at: datetime = NOON) -> None:
    fact = IncidentOpened(incident_id=incident.pk, root_node_id=None, severity=1, function_ids=[], is_drill=False)
    reactions.start_procedures_when_an_incident_opens(fact, at=at)


def test_the_automatic_procedure_of_the_root_cause_starts_once_with_the_deadline() -> None:
    shop = Shop()
    procedure = make_procedure(shop.database)
    by_hand = make_procedure(shop.database, slug="restore-backup", start="by_hand")
    make_procedure(shop.checkout, slug="restart-checkout")
    incident = make_incident(shop.database)
    opened(incident)
    opened(incident)
    run = Run.objects.get()
    assert (run.procedure, run.reference, run.mode, run.deadline_at) == (
        procedure,
        f"incident:{incident.pk}",
        "real",
        NOON - seconds(6) + minutes(30),
    )
    assert [(step.procedure, step.is_ready) for step in selectors.next_steps(incident)] == [
        (procedure, False),
        (by_hand, True),
    ]
    texts = set(incident.timeline.filter(kind="run").values_list("text", flat=True))
    assert texts == {
        "Procedure “Recover orders db” started by itself",
        "Procedure “Restore backup” is ready to be started by hand",
    }


def test_in_a_drill_the_procedure_runs_as_a_drill() -> None:
    shop = Shop()
    make_procedure(shop.database)
    services.expect_drill([shop.database.pk], reference="exercise:1", starts_at=NOON, ends_at=NOON + minutes(5))
    opened(make_incident(shop.database))
    assert Run.objects.get().mode == "drill"


def test_a_web_server_waits_until_the_database_beneath_it_was_looked_at() -> None:
    shop = Shop()
    make_procedure(shop.web_a)
    make_monitor(shop.database, state="up", down_since=None, last_at=NOON - seconds(8), interval_seconds=5)
    incident = make_incident(shop.web_a)
    assert services.seconds_of_doubt(incident) == 7
    opened(incident)
    assert Run.objects.count() == 0
    services.start_automatic_procedures(incident, at=NOON + seconds(7))
    assert Run.objects.get().node == shop.web_a


def test_what_was_looked_at_since_leaves_no_doubt() -> None:
    shop = Shop()
    make_monitor(shop.database, state="up", down_since=None, last_at=NOON - seconds(1))
    assert services.seconds_of_doubt(make_incident(shop.web_a)) == 0
    assert services.seconds_of_doubt(make_incident(shop.wifi)) == 0


def test_when_the_cause_moves_meanwhile_the_procedure_of_the_new_cause_runs() -> None:
    shop = Shop()
    make_procedure(shop.web_a)
    cure = make_procedure(shop.database)
    incident = make_incident(shop.web_a)
    go_down(make_monitor(shop.database), at=NOON + seconds(4))
    services.start_automatic_procedures(incident, at=NOON + seconds(7))
    assert [run.procedure for run in Run.objects.all()] == [cure]


def test_a_procedure_that_recover_refuses_is_told_on_the_timeline() -> None:
    shop = Shop()
    procedure = make_procedure(shop.database)
    incident, other = make_incident(shop.database), make_incident(shop.wifi)
    services.start_procedure(other, procedure, actor=actor_of(shop.alice), at=NOON)
    opened(incident)
    one = incident.runs.get()
    assert (one.run, bool(one.refusal)) == (None, True)
    assert incident.timeline.filter(text__startswith="Procedure “Recover orders db” was not started").count() == 1


def test_a_resolved_incident_starts_nothing() -> None:
    shop = Shop()
    procedure = make_procedure(shop.database)
    incident = make_incident(shop.database)
    services.resolve_incident(incident, reason="false alarm", actor=actor_of(shop.alice), at=NOON, despite_red=True)
    opened(incident)
    with pytest.raises(services.CannotRunForIncident):
        services.start_procedure(incident, procedure, actor=actor_of(shop.alice), at=NOON)
    assert Run.objects.count() == 0


def test_one_who_may_not_run_procedures_starts_none() -> None:
    shop = Shop()
    procedure = make_procedure(shop.database)
    incident = make_incident(shop.database)
    with pytest.raises(NotAllowed):
        services.start_procedure(incident, procedure, actor=actor_of(shop.charlie), at=NOON)
    assert Run.objects.count() == 0
