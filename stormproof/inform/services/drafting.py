"""Writing what customers will read: the first draft from the incident, and what a person makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.facts import tell
from stormproof.core.live import announce
from stormproof.core.refusals import Refused
from stormproof.inform.choices import NoticeState, Phase, Release
from stormproof.inform.facts import NoticeDrafted
from stormproof.inform.models import Notice, Version
from stormproof.inform.rules import Estimate, estimate_from_runs, first_text, title_for
from stormproof.inform.selectors import component_names, draft_of, earlier_repairs, is_public_drill, status_page
from stormproof.respond.models import Incident
from stormproof.respond.selectors import root_node_ids

LONGEST_TEXT = 2000


class CannotWriteNotice(Refused):
    """The text is empty or too long, the estimate is no range in the future, or the notice is over."""


@transaction.atomic
def draft_notice(incident: Incident, *, at: datetime) -> Notice | None:
    """The notice about `incident` with its first draft; None for one customers must not hear of, or that is over.

    The rule of the status page may set the moment at which it is let out. Doing it twice changes nothing.
    """
    if incident.is_private or incident.is_over:
        return None
    affected = affected_by(incident)
    notice, is_new = Notice.objects.get_or_create(
        incident=incident,
        defaults={
            "title": title_for(affected),
            "is_public": not incident.is_drill or is_public_drill(incident),
            "drafted_at": at,
            "publish_at": moment_of_rule(incident, affected=affected, at=at),
        },
    )
    if is_new:
        add_version(notice, phase=Phase.INVESTIGATING, text=first_text(affected), affected=affected, at=at)
        tell(NoticeDrafted(notice_id=notice.pk, incident_id=incident.pk), at=at)
    return notice


@transaction.atomic
def redraft_notice(notice: Notice, *, at: datetime) -> None:
    """Write the draft that nobody touched anew, because the incident has grown."""
    draft = draft_of(notice)
    if draft is None or draft.is_edited or notice.state != NoticeState.DRAFT:
        return
    affected = affected_by(notice.incident)
    estimate = estimate_for(notice.incident, at=at)
    draft.affected, draft.text = affected, first_text(affected)
    draft.estimate_from, draft.estimate_until, draft.estimate_reason = estimate.start, estimate.end, estimate.reason
    draft.save()
    notice.title = title_for(affected)
    notice.publish_at = notice.publish_at or moment_of_rule(notice.incident, affected=affected, at=at)
    notice.save()
    announce(f"notice:{notice.pk}", f"incident:{notice.incident_id}")


@transaction.atomic
def write_version(
    notice: Notice,
    *,
    text: str,
    phase: str,
    affected: Sequence[str],
    estimate_from: datetime | None,
    estimate_until: datetime | None,
    actor: Actor,
    at: datetime,
) -> Version:
    """The next version as a person wrote it, still a draft; raises `CannotWriteNotice`."""
    actor.require("inform.write")
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    refuse_bad_text(text)
    if notice.state == NoticeState.WITHDRAWN:
        raise CannotWriteNotice("This notice was withdrawn", hint="Write to customers from a new incident.")
    if phase not in Phase.values:
        raise CannotWriteNotice(f"There is no phase {phase!r}", field="phase")
    _refuse_bad_estimate(estimate_from, estimate_until, at=at)
    notice.versions.filter(published_at__isnull=True).delete()
    notice.publish_at = None
    notice.save(update_fields=["publish_at"])
    version = add_version(
        notice,
        phase=phase,
        text=text.strip(),
        affected=affected,
        estimate=Estimate(start=estimate_from, end=estimate_until, reason=f"Set by {actor.name}"),
        actor=actor,
        at=at,
    )
    announce(f"notice:{notice.pk}", f"incident:{notice.incident_id}")
    return version


def add_version(
    notice: Notice,
    *,
    phase: str,
    text: str,
    affected: Sequence[str],
    estimate: Estimate | None = None,
    actor: Actor = SYSTEM,
    at: datetime,
) -> Version:
    """One more version of `notice`, not published; the estimate comes from earlier repairs unless one is given."""
    last = notice.versions.aggregate(last=Max("number"))["last"] or 0
    guess = estimate or (Estimate(reason="") if phase == Phase.RESOLVED else estimate_for(notice.incident, at=at))
    return Version.objects.create(
        notice=notice,
        number=last + 1,
        phase=phase,
        text=text,
        affected=list(affected),
        estimate_from=guess.start,
        estimate_until=guess.end,
        estimate_reason=guess.reason[:300],
        author_id=actor.user_id,
        author_name=actor.name[:120],
        is_edited=not actor.is_system,
        written_at=at,
    )


def affected_by(incident: Incident) -> list[str]:
    """The components an incident hits, as customers know them."""
    return component_names(incident.functions.values_list("pk", flat=True))


def estimate_for(incident: Incident, *, at: datetime) -> Estimate:
    """When it is likely to be over, judged by how long earlier repairs of its root causes took."""
    return estimate_from_runs(earlier_repairs(root_node_ids(incident)), began_at=incident.impact_started_at, at=at)


def moment_of_rule(incident: Incident, *, affected: Sequence[str], at: datetime) -> datetime | None:
    """When the rule lets a first notice out; None when a person has to, or when customers notice nothing."""
    page = status_page()
    if page.publish != Release.BY_RULE or not affected or incident.severity > page.up_to_severity:
        return None
    return at + timedelta(seconds=page.publish_after_seconds)


def refuse_bad_text(text: str) -> None:
    """Raise `CannotWriteNotice` for a text that is empty or too long."""
    if not text.strip():
        raise CannotWriteNotice("A notice needs a text", field="text")
    if len(text) > LONGEST_TEXT:
        raise CannotWriteNotice(f"A notice has at most {LONGEST_TEXT} characters, this one {len(text)}", field="text")


def _refuse_bad_estimate(start: datetime | None, end: datetime | None, *, at: datetime) -> None:
    if (start is None) != (end is None):
        raise CannotWriteNotice("An estimate is a range: give both ends, or none", field="estimate_until")
    if start is not None and end is not None and (end < start or end <= at):
        raise CannotWriteNotice("The estimate must end in the future and after it begins", field="estimate_until")
