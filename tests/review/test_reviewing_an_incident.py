"""The review opens by itself, says what happened in figures, and is written and signed off by people."""

from __future__ import annotations

import pytest

from stormproof.core.actor import NotAllowed
from stormproof.core.models import FactRecord
from stormproof.respond import services as respond
from stormproof.respond.facts import IncidentResolved
from stormproof.respond.models import Incident
from stormproof.review import reactions, selectors, services
from stormproof.review.models import Lesson, PostIncidentReview
from tests.respond.make import NOON, Shop, actor_of, come_back, go_down, make_monitor, minutes, seconds

pytestmark = pytest.mark.django_db


def live_through(shop: Shop) -> Incident:
    """A database that is down for six minutes; Alice answers after 40 s."""
    monitor = make_monitor(shop.database)
    incident = go_down(monitor, at=NOON + seconds(6), since=NOON)
    assert incident is not None
    respond.acknowledge_incident(incident, actor=actor_of(shop.alice), at=NOON + seconds(46))
    come_back(monitor, at=NOON + minutes(6))
    respond.resolve_what_has_settled(at=NOON + minutes(6) + seconds(10))
    incident.refresh_from_db()
    return incident


def review_of(incident: Incident, *, after: float = 0) -> PostIncidentReview:
    fact = IncidentResolved(incident_id=incident.pk)
    reactions.open_the_review_when_an_incident_is_resolved(fact, at=NOON + minutes(7 + after))
    return PostIncidentReview.objects.get(incident=incident)


def test_a_resolved_incident_opens_its_review_with_exact_figures() -> None:
    shop = Shop()
    incident = live_through(shop)
    review = review_of(incident)
    assert review.figures == {
        "detect_s": 6.0,
        "acknowledge_s": 40.0,
        "mitigate_s": 360.0,
        "resolve_s": 370.0,
        "human_s": 0,
        "machine_s": 0,
        "revenue_lost": "60.00",
        "currency": "EUR",
        "rto_s": 1800.0,
        "rto_met": True,
        "people_paged": 1,
        "is_drill": False,
    }
    assert (review.owner, review.root_cause, str(review.due_on), review.state) == (
        shop.alice,
        "Orders db: no answer",
        "2026-03-09",
        "open",
    )
    assert review.summary == (
        "Checkout and 1 more down from 04 Mar 2026 12:00:00 UTC until 04 Mar 2026 12:06:00 UTC. Hit: Checkout, Search."
    )


def test_the_same_fact_twice_opens_one_review() -> None:
    incident = live_through(Shop())
    review_of(incident)
    review_of(incident)
    assert FactRecord.objects.filter(name="ReviewOpened").count() == 1


def test_an_rto_that_was_not_met_says_so() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    incident = go_down(monitor, at=NOON + seconds(6), since=NOON)
    come_back(monitor, at=NOON + minutes(31))
    respond.resolve_what_has_settled(at=NOON + minutes(32))
    assert incident is not None
    incident.refresh_from_db()
    review = review_of(incident)
    assert (review.figures["rto_met"], review.figures["acknowledge_s"]) == (False, None)
    assert ("RTO", "1800.0 s: not met") in selectors.figure_words(review.figures)


def test_an_incident_that_came_back_opens_its_review_anew_and_keeps_the_words() -> None:
    shop = Shop()
    incident = live_through(shop)
    review = review_of(incident)
    alice = actor_of(shop.alice)
    services.edit_review(
        review, summary="Ours", root_cause="Disk", contributing_factors="", owner=shop.bob, actor=alice, at=NOON
    )
    services.add_lesson(review, kind="well", text="Quick", actor=alice, at=NOON)
    services.sign_off(review, actor=actor_of(shop.bob), at=NOON + minutes(8))
    monitor = make_monitor(shop.database)
    go_down(monitor, at=NOON + minutes(9))
    come_back(monitor, at=NOON + minutes(12))
    respond.resolve_what_has_settled(at=NOON + minutes(13))
    incident.refresh_from_db()
    again = review_of(incident, after=6)
    assert (again.pk, again.state, again.summary, again.figures["mitigate_s"]) == (review.pk, "open", "Ours", 720.0)


def test_a_review_is_signed_off_only_with_a_cause_and_a_lesson_and_then_stays_as_it_is() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    bob = actor_of(shop.bob)
    services.edit_review(review, summary="", root_cause=" ", contributing_factors="", owner=None, actor=bob, at=NOON)
    with pytest.raises(services.CannotSignOff) as refusal:
        services.sign_off(review, actor=bob, at=NOON)
    assert refusal.value.field == "root_cause"
    services.edit_review(review, summary="", root_cause="Disk", contributing_factors="", owner=None, actor=bob, at=NOON)
    with pytest.raises(services.CannotSignOff, match="no lesson"):
        services.sign_off(review, actor=bob, at=NOON)
    lesson = services.add_lesson(review, kind="badly", text="No alert on disk space", actor=bob, at=NOON)
    with pytest.raises(services.CannotSignOff, match="Whoever wrote it"):
        services.sign_off(review, actor=bob, at=NOON + minutes(9))
    services.sign_off(review, actor=actor_of(shop.alice), at=NOON + minutes(9))
    review.refresh_from_db()
    assert (review.state, review.signed_off_by, review.signed_off_at) == ("signed_off", shop.alice, NOON + minutes(9))
    with pytest.raises(services.CannotEditReview, match="signed off"):
        services.drop_lesson(lesson, actor=bob)
    with pytest.raises(services.CannotEditReview, match="signed off"):
        services.sign_off(review, actor=bob, at=NOON)
    assert Lesson.objects.count() == 1


@pytest.mark.parametrize(("kind", "text", "field"), [("nice", "x", "kind"), ("well", " ", "text")])
def test_a_lesson_that_says_nothing_is_refused(kind: str, text: str, field: str) -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    with pytest.raises(services.CannotEditReview) as refusal:
        services.add_lesson(review, kind=kind, text=text, actor=actor_of(shop.bob), at=NOON)
    assert (refusal.value.field, Lesson.objects.count()) == (field, 0)


def test_one_who_may_not_write_reviews_changes_nothing() -> None:
    shop = Shop()
    review = review_of(live_through(shop))
    with pytest.raises(NotAllowed):
        services.add_lesson(review, kind="well", text="x", actor=actor_of(shop.charlie), at=NOON)
    with pytest.raises(NotAllowed):
        services.sign_off(review, actor=actor_of(shop.charlie), at=NOON)
    assert Lesson.objects.count() == 0


def test_medians_leave_out_drills() -> None:
    shop = Shop()
    review_of(live_through(shop))
    respond.expect_drill([shop.wifi.pk], reference="exercise:1", starts_at=NOON, ends_at=NOON + minutes(60))
    monitor = make_monitor(shop.wifi)
    drill = go_down(monitor, at=NOON + minutes(1))
    come_back(monitor, at=NOON + minutes(30))
    respond.resolve_what_has_settled(at=NOON + minutes(31))
    assert drill is not None
    drill.refresh_from_db()
    assert review_of(drill).figures["is_drill"] is True
    found = selectors.medians(actor_of(shop.alice))
    assert (found.count, found.detect_s, found.acknowledge_s, found.resolve_s, found.rto_met, found.rto_promised) == (
        1,
        6.0,
        40.0,
        370.0,
        1,
        1,
    )


def test_the_report_is_whole_and_survives_pipes_and_line_breaks() -> None:
    shop = Shop()
    incident = live_through(shop)
    respond.add_note(incident, text="a | b\nc", actor=actor_of(shop.alice), at=NOON + minutes(1))
    review = review_of(incident)
    services.add_lesson(review, kind="lucky", text="Bob was awake", actor=actor_of(shop.bob), at=NOON)
    report = selectors.markdown_of(review)
    for line in (
        f"# Review of {incident.label}: Checkout and 1 more down",
        "| Time to acknowledge | 40.0 s |",
        "| Revenue lost | 60.00 EUR |",
        "| RTO | 1800.0 s: met |",
        "Orders db: no answer",
        "- **Was luck**: Bob was awake",
        "| 2026-03-04 12:01:00 | a \\| b c | Alice |",
    ):
        assert line in report.splitlines(), line
