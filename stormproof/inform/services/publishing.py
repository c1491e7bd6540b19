"""Letting notices out: by a person or by the rule, keeping them fresh, and saying when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.inform.choices import NoticeState, Phase, Release
from stormproof.inform.facts import NoticePublished, NoticeResolved, NoticeUpdateOverdue, NoticeWithdrawn
from stormproof.inform.models import Notice, Version
from stormproof.inform.rules import holding_text, phase_after, reopened_text, resolved_text, widened_text, widens_at
from stormproof.inform.selectors import draft_of, latest_published, overdue_notices, status_page
from stormproof.inform.services.drafting import add_version, affected_by, moment_of_rule, redraft_notice
from stormproof.inform.services.mailing import post_mails_later
from stormproof.respond.choices import EntryKind, IncidentState
from stormproof.respond.models import Incident
from stormproof.respond.services import write_timeline

OVER_BEFORE_TOLD = "It was over before anybody outside was told"


class CannotPublishNotice(Refused):
    """There is no draft, or the notice is over."""


class CannotWithdrawNotice(Refused):
    """It was withdrawn already, or no reason was given."""


@transaction.atomic
def publish_notice(
    notice: Notice, *, next_update_at: datetime | None = None, actor: Actor, at: datetime, by_rule: bool = False
) -> Version:
    """Show the draft to customers and mail the subscribers; raises `CannotPublishNotice`."""
    actor.require("inform.publish")
    notice = locked(notice.pk)
    draft = draft_of(notice)
    if draft is None or notice.state == NoticeState.WITHDRAWN:
        raise CannotPublishNotice(
            "There is no draft to publish", hint="Write the next version first; somebody else may have published it."
        )
    if next_update_at is not None and next_update_at <= at:
        raise CannotPublishNotice("The next update must be in the future", field="next_update_at")
    _let_out(notice, draft, next_update_at=next_update_at, by_rule=by_rule, actor=actor, at=at)
    return draft


def _let_out(
    notice: Notice, version: Version, *, next_update_at: datetime | None, by_rule: bool, actor: Actor, at: datetime
) -> None:
    version.published_at = at
    version.save(update_fields=["published_at"])
    is_last = version.phase == Phase.RESOLVED
    notice.state = NoticeState.RESOLVED if is_last else NoticeState.PUBLISHED
    notice.published_at = notice.published_at or at
    notice.publish_at = notice.widen_at = None
    notice.ended_at = at if is_last else None
    every = timedelta(seconds=status_page().update_every_seconds)
    notice.next_update_at = None if is_last else (next_update_at or at + every)
    notice.is_overdue_told = False
    notice.save()
    where = "Customers were told" if notice.is_public else "Customers would have been told (drill)"
    text = f"{where}, version {version.number}: {version.text}"
    write_timeline(notice.incident, kind=EntryKind.CUSTOMERS, text=text, actor=actor, at=at, key=f"notice:{version.pk}")
    ids = {"notice_id": notice.pk, "incident_id": notice.incident_id, "version": version.number}
    if is_last:
        tell(NoticeResolved(**ids), at=at, actor=actor)
    else:
        tell(NoticePublished(**ids, by_rule=by_rule), at=at, actor=actor)
    if notice.is_public:
        post_mails_later(version)


def _say(notice: Notice, *, phase: str, text: str, at: datetime) -> None:
    """Publish one more version that the machine wrote; a person's draft stays a draft, numbered after it."""
    kept = draft_of(notice)
    version = add_version(notice, phase=phase, text=text, affected=affected_by(notice.incident), at=at)
    if kept is not None:
        mine, theirs = kept.number, version.number
        notice.versions.filter(pk=kept.pk).update(number=theirs + 1)
        notice.versions.filter(pk=version.pk).update(number=mine)
        notice.versions.filter(pk=kept.pk).update(number=theirs)
        version.refresh_from_db()
    _let_out(notice, version, next_update_at=None, by_rule=True, actor=SYSTEM, at=at)


def locked(notice_id: int) -> Notice:
    """The notice, locked until the end of the transaction."""
    return Notice.objects.select_for_update(of=("self",)).select_related("incident").get(pk=notice_id)


@transaction.atomic
def withdraw_notice(notice: Notice, *, reason: str, actor: Actor, at: datetime) -> None:
    """Take a notice back: nobody outside sees it any more; raises `CannotWithdrawNotice`."""
    actor.require("inform.publish")
    notice = locked(notice.pk)
    if notice.state == NoticeState.WITHDRAWN:
        raise CannotWithdrawNotice("This notice was withdrawn already")
    if not reason.strip():
        raise CannotWithdrawNotice("Say why, for the record", field="reason")
    notice.state, notice.publish_at, notice.next_update_at, notice.ended_at = NoticeState.WITHDRAWN, None, None, at
    notice.save()
    ids = {"notice_id": notice.pk, "incident_id": notice.incident_id}
    tell(NoticeWithdrawn(**ids, reason=reason.strip()[:300]), at=at, actor=actor)
    text = f"The notice to customers was withdrawn: {reason.strip()}"
    write_timeline(notice.incident, kind=EntryKind.CUSTOMERS, text=text, actor=actor, at=at)


@transaction.atomic
def widen_notice(incident: Incident, *, at: datetime) -> None:
    """Say that more is hit: in the draft nobody touched, or to customers when the rule may speak."""
    notice = Notice.objects.filter(incident=incident).first()
    if notice is None:
        return
    notice = locked(notice.pk)
    told = latest_published(notice)
    if notice.state == NoticeState.DRAFT:
        redraft_notice(notice, at=at)
    elif notice.state == NoticeState.PUBLISHED and told is not None:
        affected = affected_by(incident)
        if set(affected) - set(told.affected) and status_page().publish == Release.BY_RULE:
            moment = widens_at(told.published_at or at, at=at)
            if moment > at:
                Notice.objects.filter(pk=notice.pk, widen_at__isnull=True).update(widen_at=moment)
                return
            phase = phase_after(told.phase, Phase.INVESTIGATING)
            _say(notice, phase=phase, text=widened_text(affected), at=at)


@transaction.atomic
def widen_due_notices(*, at: datetime) -> int:
    """Say what else is hit wherever it was put off to be said in one; how many notices were due."""
    due = list(Notice.objects.select_for_update(of=("self",)).select_related("incident").filter(widen_at__lte=at))
    Notice.objects.filter(pk__in=[notice.pk for notice in due]).update(widen_at=None)
    for notice in due:
        widen_notice(notice.incident, at=at)
    return len(due)


@transaction.atomic
def resolve_notice(incident: Incident, *, at: datetime) -> None:
    """Say that it is over. A draft nobody outside has seen is withdrawn instead. Doing it twice changes nothing."""
    notice = Notice.objects.filter(incident=incident).first()
    if notice is None:
        return
    notice = locked(notice.pk)
    if incident.merged_into is not None:
        _join_notice(notice, incident.merged_into, at=at)
    elif notice.state == NoticeState.DRAFT:
        withdraw_notice(notice, reason=OVER_BEFORE_TOLD, actor=SYSTEM, at=at)
    elif notice.state == NoticeState.PUBLISHED:
        notice.versions.filter(published_at__isnull=True).delete()
        ended = incident.impact_ended_at or incident.resolved_at or at
        text = resolved_text(affected_by(incident), lasted=ended - incident.impact_started_at)
        _say(notice, phase=Phase.RESOLVED, text=text, at=at)


def _join_notice(notice: Notice, target: Incident, *, at: datetime) -> None:
    """The notice of an incident that became part of another goes on as the other's; where that has one, that speaks."""
    there = Notice.objects.filter(incident=target).first()
    if there is not None and there.published_at is None and notice.state == NoticeState.PUBLISHED:
        there.delete()  # a draft that nobody has seen gives way to what customers have read
        there = None
    if there is None:
        Notice.objects.filter(pk=notice.pk).update(incident=target)
    elif notice.state in (NoticeState.DRAFT, NoticeState.PUBLISHED):
        withdraw_notice(notice, reason=f"It became part of {target.label}", actor=SYSTEM, at=at)
    widen_notice(target, at=at)


@transaction.atomic
def reopen_notice(incident: Incident, *, at: datetime) -> None:
    """Say that it has come back, or make the withdrawn draft a draft again."""
    notice = Notice.objects.filter(incident=incident).first()
    if notice is None:
        return
    notice = locked(notice.pk)
    affected = affected_by(incident)
    if notice.state == NoticeState.RESOLVED:
        _say(notice, phase=Phase.INVESTIGATING, text=reopened_text(affected), at=at)
    elif notice.state == NoticeState.WITHDRAWN and notice.published_at is None:
        notice.state, notice.ended_at = NoticeState.DRAFT, None
        notice.publish_at = moment_of_rule(incident, affected=affected, at=at)
        notice.save()


def publish_due_notices(*, at: datetime) -> int:
    """Let out the drafts whose moment has come; how many."""
    due = Notice.objects.filter(state=NoticeState.DRAFT, publish_at__lte=at).values_list("pk", flat=True)
    return sum(_publish_if_due(pk, at=at) for pk in list(due))


@transaction.atomic
def _publish_if_due(notice_id: int, *, at: datetime) -> bool:
    notice = locked(notice_id)
    is_due = notice.state == NoticeState.DRAFT and notice.publish_at is not None and notice.publish_at <= at
    if is_due and draft_of(notice) is not None:
        publish_notice(notice, actor=SYSTEM, at=at, by_rule=True)
    return is_due


def keep_updates_coming(*, at: datetime) -> int:
    """Where a promised update is due: the rule says that we still work on it; without a rule the team is told once."""
    return sum(_keep_update(pk, at=at) for pk in list(overdue_notices(at=at).values_list("pk", flat=True)))


@transaction.atomic
def _keep_update(notice_id: int, *, at: datetime) -> bool:
    notice = locked(notice_id)
    told = latest_published(notice)
    if notice.state != NoticeState.PUBLISHED or told is None or notice.next_update_at is None:
        return False
    if status_page().publish == Release.BY_RULE and draft_of(notice) is None:
        _say(notice, phase=told.phase, text=holding_text(), at=at)
        return True
    if notice.is_overdue_told:
        return False
    notice.is_overdue_told = True
    notice.save(update_fields=["is_overdue_told"])
    tell(NoticeUpdateOverdue(notice_id=notice.pk, incident_id=notice.incident_id), at=at)
    text = "The update that customers were promised is overdue"
    write_timeline(notice.incident, kind=EntryKind.CUSTOMERS, text=text, actor=SYSTEM, at=at)
    return True


def catch_up_with_incidents(*, at: datetime) -> int:
    """End the notices whose incident is over, in case the two crossed; how many."""
    behind = Notice.objects.filter(
        state__in=[NoticeState.DRAFT, NoticeState.PUBLISHED], incident__state=IncidentState.RESOLVED
    )
    late = behind.filter(incident__resolved_at__lt=at - timedelta(seconds=10)).select_related("incident")
    for notice in late:
        resolve_notice(notice.incident, at=at)
    return len(late)
