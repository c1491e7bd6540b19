"""Reads of review: reviews, actions, the figures of an incident, the report as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from stormproof.business import selectors as business
from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.refusals import NotFound
from stormproof.recover import selectors as recover
from stormproof.respond import selectors as respond
from stormproof.respond.choices import EntryGroup, EntryKind
from stormproof.respond.models import Incident, TimelineEntry
from stormproof.review.choices import LessonKind, ReviewState
from stormproof.review.models import Action, Cause, Lesson, PostIncidentReview
from stormproof.review.rules import Figures, Hint, Moments, blameless_hints, figures_of, median_of

READ = "review.read"


def reviews_for(actor: Actor) -> QuerySet[PostIncidentReview]:
    """The reviews the actor may know of, newest first: those of incidents the actor may see."""
    if not actor.may(READ):
        return PostIncidentReview.objects.none()
    found = PostIncidentReview.objects.select_related("incident__root_node", "owner", "signed_off_by")
    found = found.annotate(open_actions=Count("actions", filter=Q(actions__done_at__isnull=True)))
    if not actor.may("respond.act"):
        found = found.filter(Q(incident__is_private=False) | Q(incident__declared_by_id=actor.user_id))
    return found.order_by("-opened_at", "-pk")


def review_numbered(actor: Actor, number: int) -> PostIncidentReview:
    """The review of incident INC-`number`; raises `NotFound`."""
    found = reviews_for(actor).filter(incident__number=number).first()
    if found is None:
        raise NotFound(f"There is no review of INC-{number}")
    return found


def causes_of(review: PostIncidentReview) -> list[Cause]:
    """The fault tree of a review, parents before what stands beneath them."""
    return list(review.causes.order_by("pk"))


def cause_for(actor: Actor, review: PostIncidentReview, id: int) -> Cause:
    """One cause of a review's fault tree; raises `NotFound`."""
    found = review.causes.select_related("review__incident").filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"There is no cause {id}")
    return found


def hints_on(review: PostIncidentReview) -> list[Hint]:
    """Wordings in a review that blame somebody, with better questions."""
    texts = [review.summary, review.root_cause, review.contributing_factors, *review.five_whys]
    return blameless_hints("\n".join([*texts, *(lesson.text for lesson in review.lessons.all())]))


def told_in(incident: Incident) -> list[TimelineEntry]:
    """What customers and stakeholders were told, oldest first."""
    return list(respond.timeline_of(incident, group=EntryGroup.CUSTOMERS).reverse())


def lesson_for(actor: Actor, review: PostIncidentReview, id: int) -> Lesson:
    """One lesson of a review; raises `NotFound`."""
    found = review.lessons.select_related("review__incident").filter(pk=id).first() if actor.may(READ) else None
    if found is None:
        raise NotFound(f"There is no lesson {id}")
    return found


def actions_for(actor: Actor) -> QuerySet[Action]:
    """All actions the actor may know of, the earliest due first; one's own always."""
    found = Action.objects.select_related("owner", "review__incident").order_by("due_on", "pk")
    if not actor.may(READ):
        return found.filter(owner_id=actor.user_id) if actor.user_id else found.none()
    if not actor.may("respond.act"):
        found = found.filter(Q(review__incident__is_private=False) | Q(owner_id=actor.user_id))
    return found


def action_for(actor: Actor, id: int) -> Action:
    """One action; raises `NotFound`."""
    found = actions_for(actor).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no action {id}")
    return found


def actions_overdue(actor: Actor, *, today: date) -> QuerySet[Action]:
    """The actions whose date is past."""
    return actions_for(actor).filter(done_at__isnull=True, due_on__lt=today)


def measure(incident: Incident) -> Figures:
    """The figures of a resolved incident, from its rows."""
    end = incident.resolved_at or incident.opened_at
    clock = respond.clock_of(incident, end)
    pages = incident.pages.filter(person__isnull=False)
    first_page = pages.order_by("posted_at").values_list("posted_at", flat=True).first()
    answers = incident.timeline.filter(kind=EntryKind.ACKNOWLEDGED).order_by("at")
    times = [recover.run_times(one.run, at=end) for one in respond.runs_of(incident) if one.run is not None]
    return figures_of(
        Moments(
            impact_started_at=incident.impact_started_at,
            opened_at=incident.opened_at,
            first_paged_at=first_page,
            first_acknowledged_at=answers.values_list("at", flat=True).first(),
            impact_ended_at=incident.impact_ended_at,
            resolved_at=incident.resolved_at,
        ),
        human_s=sum(time.human_s for time in times),
        machine_s=sum(time.machine_s for time in times),
        revenue_lost=respond.revenue_so_far(incident, end),
        currency=business.currency(),
        rto=clock.rto if clock else None,
        people_paged=pages.values("person").distinct().count(),
        is_drill=incident.is_drill,
    )


@dataclass(frozen=True, kw_only=True)
class FirstWords:
    """What a review says before a person wrote anything."""

    summary: str
    root_cause: str


def first_words_on(incident: Incident) -> FirstWords:
    """A summary and a root cause from what the machine knows."""
    hit = ", ".join(node.name for node in respond.functions_of(incident)) or "no business function"
    end = incident.impact_ended_at or incident.resolved_at
    until = f" until {end:%d %b %Y %H:%M:%S} UTC" if end else ""
    kind = "Drill. " if incident.is_drill else ""
    summary = f"{kind}{incident.title} from {incident.impact_started_at:%d %b %Y %H:%M:%S} UTC{until}. Hit: {hit}."
    root = incident.root_node
    alert = incident.alerts.filter(node=root).order_by("opened_at").first() if root else None
    cause = root.name if root else ""
    return FirstWords(summary=summary, root_cause=f"{cause}: {alert.reason}" if alert and alert.reason else cause)


@dataclass(frozen=True, kw_only=True)
class Medians:
    """Medians over the reviews of real incidents, with how many there were; drills are left out."""

    count: int
    detect_s: float | None
    acknowledge_s: float | None
    resolve_s: float | None
    rto_met: int
    rto_promised: int


def medians(actor: Actor) -> Medians:
    """How the real incidents went so far."""
    rows = [figures for figures in reviews_for(actor).values_list("figures", flat=True) if not figures["is_drill"]]
    return Medians(
        count=len(rows),
        detect_s=_median(rows, "detect_s"),
        acknowledge_s=_median(rows, "acknowledge_s"),
        resolve_s=_median(rows, "resolve_s"),
        rto_met=sum(row["rto_met"] is True for row in rows),
        rto_promised=sum(row["rto_met"] is not None for row in rows),
    )


def _median(rows: list[dict[str, float | None]], key: str) -> float | None:
    return median_of([value for row in rows if (value := row[key]) is not None])


def counts(actor: Actor) -> dict[str, int]:
    """How many reviews are in each state."""
    found = dict.fromkeys(ReviewState.values, 0)
    rows = reviews_for(actor).order_by().values_list("state").annotate(number=Count("pk", distinct=True))
    return {**found, **dict(rows)}


def markdown_of(review: PostIncidentReview) -> str:
    """The whole review as Markdown: to send, print or keep."""
    incident, figures = review.incident, review.figures
    lines = [f"# Review of {incident.label}: {_line(incident.title)}", "", f"*{_standing(review)}*", "", review.summary]
    lines += ["", "## Figures", "", "| Measure | Value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in figure_words(figures)]
    lines += ["", "## Root cause", "", review.root_cause or "Not written yet."]
    lines += ["", "## Contributing factors", "", review.contributing_factors or "None written."]
    if review.five_whys:
        lines += ["", "## Five whys", ""]
        lines += [f"{place}. {_line(answer)}" for place, answer in enumerate(review.five_whys, start=1)]
    lines += _tree_lines(review)
    if told := told_in(incident):
        lines += ["", "## What people were told", ""]
        lines += [f"- {entry.at:%Y-%m-%d %H:%M} UTC: {_line(entry.text)}" for entry in told]
    lines += ["", "## Lessons", ""]
    for kind, label in LessonKind.choices:
        texts = [lesson.text for lesson in review.lessons.all() if lesson.kind == kind]
        lines += [f"- **{label}**: {_line(text)}" for text in texts]
    lines += ["", "## Actions", "", "| What | Priority | Who | By | Done |", "|---|---|---|---|---|"]
    for action in review.actions.select_related("owner"):
        done = f"{action.done_at:%Y-%m-%d}" if action.done_at else "no"
        lines.append(
            f"| {_line(action.title)} | {action.priority} | {_line(str(action.owner))} | {action.due_on} | {done} |"
        )
    lines += ["", "## Timeline (UTC)", "", "| When | What | Who |", "|---|---|---|"]
    for entry in respond.timeline_of(incident).reverse():
        lines.append(f"| {entry.at:%Y-%m-%d %H:%M:%S} | {_line(entry.text)} | {_line(entry.author_name)} |")
    return "\n".join(lines) + "\n"


def _tree_lines(review: PostIncidentReview) -> list[str]:
    """The fault tree as an indented list."""
    causes = causes_of(review)
    depth: dict[int, int] = {}
    lines: dict[int | None, list[Cause]] = {}
    for cause in causes:
        depth[cause.pk] = depth.get(cause.parent_id or 0, -1) + 1
        lines.setdefault(cause.parent_id, []).append(cause)

    def told(parent: int | None) -> list[str]:
        found = []
        for cause in lines.get(parent, []):
            gate = "" if cause.gate == "basic" else f" ({cause.get_gate_display().lower()})"
            found += [f"{'  ' * depth[cause.pk]}- {_line(cause.text)}{gate}", *told(cause.pk)]
        return found

    return ["", "## Fault tree", "", *told(None)] if causes else []


def _standing(review: PostIncidentReview) -> str:
    if review.signed_off_at is None:
        return f"Draft, due on {review.due_on}"
    return f"Signed off by {review.signed_off_by or SYSTEM.name} on {review.signed_off_at:%Y-%m-%d}"


def _line(text: str) -> str:
    """`text` on one line, safe in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def figure_words(figures: dict[str, object]) -> list[tuple[str, str]]:
    """The figures with their names, in the order in which people ask for them."""
    promised = {None: "none promised", True: "met", False: "not met"}[figures["rto_met"]]  # type: ignore[index]
    return [
        ("Kind", "drill" if figures["is_drill"] else "real"),
        ("Time to detect", _seconds(figures["detect_s"])),
        ("Time to acknowledge", _seconds(figures["acknowledge_s"])),
        ("Time to mitigate", _seconds(figures["mitigate_s"])),
        ("Time to resolve", _seconds(figures["resolve_s"])),
        ("Procedures waited for people", _seconds(figures["human_s"])),
        ("Procedures worked", _seconds(figures["machine_s"])),
        ("Revenue lost", f"{figures['revenue_lost']} {figures['currency']}"),
        ("RTO", f"{_seconds(figures['rto_s'])}: {promised}" if figures["rto_s"] is not None else promised),
        ("People paged", str(figures["people_paged"])),
    ]


def _seconds(value: object) -> str:
    return f"{float(value):.1f} s" if isinstance(value, int | float) else "never"
