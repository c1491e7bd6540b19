"""What respond does with facts from below."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.actor import SYSTEM
from stormproof.core.facts import MessageGaveUp, MessageSent, on
from stormproof.core.jobs import defer
from stormproof.recover import selectors as recover
from stormproof.recover.facts import RunFinished, RunNeedsPerson, StepFinished, StepOutcomeUnknown
from stormproof.respond import selectors, services
from stormproof.respond.choices import EntryKind
from stormproof.respond.facts import IncidentOpened, RootCauseMoved, ScheduleChanged, ShiftBegan
from stormproof.respond.models import Incident
from stormproof.respond.tasks import freeze_orders_of_incident, start_procedures_of_root
from stormproof.watch.facts import MonitorPaused, MonitorRecovered, MonitorRetired, MonitorWentDown


@on(MonitorWentDown)
def open_alert_when_a_monitor_goes_down(fact: MonitorWentDown, *, at: datetime) -> None:
    """The alert, the incident and its pages, all in one transaction."""
    services.open_alert(
        monitor_id=fact.monitor_id,
        node_id=fact.node_id,
        reason=fact.reason,
        failed_since=datetime.fromisoformat(fact.failed_since),
        at=at,
    )


@on(MonitorRecovered)
def close_alert_when_a_monitor_recovers(fact: MonitorRecovered, *, at: datetime) -> None:
    """The alert is over; when it was the last one, the incident begins to settle."""
    services.close_alert(monitor_id=fact.monitor_id, at=at)


@on(MonitorPaused)
def close_alert_when_a_monitor_is_paused(fact: MonitorPaused, *, at: datetime) -> None:
    """Nobody looks any more, so the alert would stay for ever."""
    services.close_alert(monitor_id=fact.monitor_id, at=at)


@on(MonitorRetired)
def close_alert_when_a_monitor_is_retired(fact: MonitorRetired, *, at: datetime) -> None:
    """Nobody looks any more, so the alert would stay for ever."""
    services.close_alert(monitor_id=fact.monitor_id, at=at)


@on(IncidentOpened)
def start_procedures_when_an_incident_opens(fact: IncidentOpened, *, at: datetime) -> None:
    """Automatic procedures of the root cause start, unless a deeper cause may still show."""
    _start_procedures(fact.incident_id, at=at)


@on(IncidentOpened)
def freeze_the_orders_when_an_incident_opens(fact: IncidentOpened, *, at: datetime) -> None:
    """The first version of the affected orders, read outside of this transaction."""
    if fact.function_ids and selectors.order_source() is not None:
        defer(freeze_orders_of_incident, incident_id=fact.incident_id, version=1, asked_by=SYSTEM.name)


@on(RootCauseMoved)
def start_procedures_when_the_root_cause_moves(fact: RootCauseMoved, *, at: datetime) -> None:
    """Automatic procedures of the new root cause start, unless a deeper cause may still show."""
    _start_procedures(fact.incident_id, at=at)


def _start_procedures(incident_id: int, *, at: datetime) -> None:
    incident = Incident.objects.get(pk=incident_id)
    doubt = services.seconds_of_doubt(incident)
    if doubt:
        defer(start_procedures_of_root, incident_id=incident_id, delay_seconds=doubt)
    else:
        services.start_automatic_procedures(incident, at=at)


@on(MessageSent)
def mark_the_page_when_its_message_was_sent(fact: MessageSent, *, at: datetime) -> None:
    """The person has the page; their time to answer counts from now."""
    services.mark_page_sent(fact.key, at=at)


@on(MessageGaveUp)
def use_the_next_channel_when_a_page_gave_up(fact: MessageGaveUp, *, at: datetime) -> None:
    """The contact's next channel is tried, else the next person is paged at once."""
    services.hand_page_to_next_channel(fact.key, at=at)


@on(ShiftBegan)
def tell_who_comes_when_a_shift_begins(fact: ShiftBegan, *, at: datetime) -> None:
    """Who is on call now knows it, and reads what the one before says."""
    if fact.user_id is not None:
        services.tell_who_comes(fact.schedule_id, fact.user_id, at=at)


@on(ScheduleChanged)
def look_for_gaps_when_a_schedule_changes(fact: ScheduleChanged, *, at: datetime) -> None:
    """A hole that somebody just made, or filled, is seen at once."""
    services.warn_of_gaps(at=at)


@on(RunFinished)
def write_timeline_when_a_run_finishes(fact: RunFinished, *, at: datetime) -> None:
    """How a procedure ended, on the timeline of its incident."""
    _write_run(fact.reference, fact.run_id, f"ended: {fact.state}", key=f"run:{fact.run_id}:finished", at=at)


@on(RunNeedsPerson)
def write_timeline_when_a_run_needs_a_person(fact: RunNeedsPerson, *, at: datetime) -> None:
    """A procedure waits for somebody, on the timeline of its incident."""
    key = f"run:{fact.run_id}:{fact.step}:asks:{at.timestamp()}"
    _write_run(_reference(fact.run_id), fact.run_id, f"waits for a person at {fact.step}", key=key, at=at)


@on(StepOutcomeUnknown)
def write_timeline_when_an_outcome_is_unknown(fact: StepOutcomeUnknown, *, at: datetime) -> None:
    """A step was interrupted, on the timeline of its incident."""
    key = f"run:{fact.run_id}:{fact.step}:unknown:{at.timestamp()}"
    text = f"was interrupted at {fact.step}; nobody knows whether that took effect"
    _write_run(_reference(fact.run_id), fact.run_id, text, key=key, at=at)


@on(StepFinished)
def write_timeline_when_a_step_fails(fact: StepFinished, *, at: datetime) -> None:
    """What a procedure did, step by step, on the timeline of its incident."""
    key = f"run:{fact.run_id}:{fact.step}:{fact.state}:{fact.attempt}"
    _write_run(_reference(fact.run_id), fact.run_id, f"{fact.step}: {fact.state}", key=key, at=at)


def _reference(run_id: int) -> str:
    return recover.run_for(SYSTEM, run_id).reference


def _write_run(reference: str, run_id: int, text: str, *, key: str, at: datetime) -> None:
    kind, _, id = reference.partition(":")
    incident = Incident.objects.filter(pk=int(id)).first() if kind == "incident" and id.isdecimal() else None
    if incident is not None:
        incident = incident.merged_into or incident
        text = f"“{recover.run_for(SYSTEM, run_id).procedure.name}” {text}"
        services.write_timeline(incident, kind=EntryKind.RUN, text=text, actor=SYSTEM, at=at, key=key)
