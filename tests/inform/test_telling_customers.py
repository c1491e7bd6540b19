"""A notice is drafted from the incident, let out by a person or by the rule, kept fresh, and ended."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from stormproof.core.actor import NOBODY, SYSTEM, Actor, NotAllowed
from stormproof.core.facts import history_of
from stormproof.core.models import Message
from stormproof.core.secrets import open_text
from stormproof.core.ticks import write_tick
from stormproof.inform import selectors, services
from stormproof.inform.models import Notice, Subscriber, Version
from stormproof.inform.services.drafting import CannotWriteNotice
from stormproof.inform.services.publishing import CannotPublishNotice, CannotWithdrawNotice
from stormproof.respond.models import DrillWindow, Incident
from stormproof.watch.models import Monitor
from tests.respond.make import NOON, make_incident, make_monitor, make_node, minutes, seconds

pytestmark = pytest.mark.django_db

ALICE = Actor(key="user:1", name="Alice", permissions=frozenset({"inform.read", "inform.write", "inform.publish"}))
BOB = Actor(key="user:2", name="Bob", permissions=frozenset({"inform.read"}))


def make_shop() -> Incident:
    """Checkout needs the database; the database is down."""
    database = make_node("orders-db")
    make_node("checkout", kind="function", needs=[database], share="1", rto=1800)
    make_node("search", kind="function")
    return make_incident(database)


def by_rule(**more: object) -> None:
    services.set_status_page(publish="by_rule", actor=SYSTEM, at=NOON, **more)


def draft(incident: Incident) -> Notice:
    notice = services.draft_notice(incident, at=NOON)
    assert notice is not None
    return notice


def subscriber(email: str = "carol@example.org", *, confirmed: bool = True) -> Subscriber:
    return Subscriber.objects.create(email=email, nonce=email, asked_at=NOON, confirmed_at=NOON if confirmed else None)


def payload_of(message: Message) -> dict[str, object]:
    return dict(json.loads(open_text(message.sealed_payload)))


def names_told(notice: Notice) -> list[str]:
    return [fact.name for fact in history_of(f"notice:{notice.pk}").order_by("id")]


def test_a_draft_names_what_customers_use_and_nobody_outside_sees_it() -> None:
    notice = draft(make_shop())
    version = selectors.draft_of(notice)
    assert version is not None
    assert (notice.title, notice.state, version.affected) == ("Problems with Checkout", "draft", ["Checkout"])
    assert version.text.startswith("Checkout does not work as it should")
    assert (version.estimate_from, version.estimate_until) == (None, None)
    assert selectors.public_status(at=NOON).current == []
    assert selectors.feed_versions() == []
    assert names_told(notice) == ["NoticeDrafted"]


def test_drafting_twice_is_drafting_once() -> None:
    incident = make_shop()
    assert draft(incident).pk == draft(incident).pk
    assert Version.objects.count() == 1


def test_a_private_incident_and_one_that_is_over_get_no_notice() -> None:
    incident = make_shop()
    incident.is_private = True
    assert services.draft_notice(incident, at=NOON) is None
    incident.is_private = False
    incident.state, incident.resolved_at = "resolved", NOON
    assert services.draft_notice(incident, at=NOON) is None
    assert not Notice.objects.exists()


def test_a_person_publishes_and_customers_read_it_with_the_moment_of_the_next_update() -> None:
    notice = draft(make_shop())
    services.publish_notice(notice, actor=ALICE, at=NOON + minutes(2))
    shown = selectors.public_status(at=NOON + minutes(3))
    assert [one.title for one in shown.current] == ["Problems with Checkout"]
    assert shown.current[0].next_update_at == NOON + minutes(32)
    assert names_told(notice) == ["NoticeDrafted", "NoticePublished"]
    entry = notice.incident.timeline.get(kind="customers")
    assert entry.text.startswith("Customers were told, version 1: Checkout does not work")
    assert entry.author_name == "Alice"


def test_publishing_needs_the_permission_and_a_draft() -> None:
    notice = draft(make_shop())
    for actor in (BOB, NOBODY):
        with pytest.raises(NotAllowed):
            services.publish_notice(notice, actor=actor, at=NOON)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    with pytest.raises(CannotPublishNotice):
        services.publish_notice(notice, actor=ALICE, at=NOON)
    assert Version.objects.count() == 1


def test_the_rule_lets_it_out_after_its_time_and_not_before() -> None:
    by_rule(publish_after_seconds=60)
    notice = draft(make_shop())
    assert services.publish_due_notices(at=NOON + seconds(59)) == 0
    assert services.publish_due_notices(at=NOON + seconds(60)) == 1
    assert services.publish_due_notices(at=NOON + seconds(61)) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.published_at) == ("published", NOON + seconds(60))


def test_the_rule_leaves_mild_incidents_and_those_customers_do_not_notice_to_a_person() -> None:
    by_rule(up_to_severity=1)
    incident = make_shop()
    incident.severity = 2
    assert draft(incident).publish_at is None
    by_rule(up_to_severity=4)
    lonely = make_incident(make_node("back-office"))
    assert draft(lonely).publish_at is None


def test_an_outage_that_ends_before_the_rule_speaks_is_never_published() -> None:
    by_rule(publish_after_seconds=60)
    incident = make_shop()
    notice = draft(incident)
    services.resolve_notice(incident, at=NOON + seconds(30))
    assert services.publish_due_notices(at=NOON + seconds(90)) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.published_at) == ("withdrawn", None)


def test_the_end_is_told_with_how_long_it_lasted() -> None:
    incident = make_shop()
    notice = draft(incident)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    incident.impact_ended_at = incident.impact_started_at + minutes(12)
    services.resolve_notice(incident, at=NOON + minutes(13))
    services.resolve_notice(incident, at=NOON + minutes(14))
    notice.refresh_from_db()
    last = selectors.latest_published(notice)
    assert last is not None
    assert (notice.state, notice.next_update_at, last.number) == ("resolved", None, 2)
    assert last.text.startswith("Checkout works again. It lasted about 12 min.")
    shown = selectors.public_status(at=NOON + minutes(15))
    assert (shown.current, [one.pk for one in shown.past]) == ([], [notice.pk])
    assert names_told(notice) == ["NoticeDrafted", "NoticePublished", "NoticeResolved"]


def test_an_outage_that_comes_back_goes_on_in_the_same_notice() -> None:
    incident = make_shop()
    notice = draft(incident)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    services.resolve_notice(incident, at=NOON + minutes(5))
    services.reopen_notice(incident, at=NOON + minutes(8))
    notice.refresh_from_db()
    assert (notice.state, notice.ended_at, notice.versions.count()) == ("published", None, 3)


def test_more_that_is_hit_goes_into_the_untouched_draft_but_not_over_a_persons_words() -> None:
    incident = make_shop()
    notice = draft(incident)
    search = make_node("returns", kind="function")
    incident.functions.add(search)
    services.widen_notice(incident, at=NOON + minutes(1))
    notice.refresh_from_db()
    assert notice.title == "Problems with Checkout and Returns"
    write(notice, text="We know. Sorry.")
    incident.functions.add(make_node("gift-cards", kind="function"))
    services.widen_notice(incident, at=NOON + minutes(2))
    version = selectors.draft_of(notice)
    assert version is not None
    assert version.text == "We know. Sorry."


def write(notice: Notice, *, text: str, **more: object) -> Version:
    plain = {"phase": "identified", "affected": ["Checkout"], "estimate_from": None, "estimate_until": None}
    return services.write_version(notice, text=text, actor=ALICE, at=NOON + minutes(1), **{**plain, **more})  # type: ignore[arg-type]


def test_by_rule_a_published_notice_says_that_more_is_hit() -> None:
    by_rule()
    incident = make_shop()
    notice = draft(incident)
    services.publish_due_notices(at=NOON)
    incident.functions.add(make_node("returns", kind="function"))
    services.widen_notice(incident, at=NOON + minutes(1))
    services.widen_notice(incident, at=NOON + minutes(2))
    last = selectors.latest_published(notice)
    assert last is not None
    assert (last.number, last.affected) == (2, ["Checkout", "Returns"])


def test_what_is_hit_within_a_minute_is_said_once() -> None:
    by_rule()
    incident = make_shop()
    notice = draft(incident)
    services.publish_due_notices(at=NOON)
    for after, slug in ((2, "returns"), (9, "refunds"), (20, "gift-cards")):
        incident.functions.add(make_node(slug, kind="function"))
        services.widen_notice(incident, at=NOON + timedelta(seconds=after))
    assert services.widen_due_notices(at=NOON + timedelta(seconds=59)) == 0
    assert notice.versions.count() == 1
    assert services.widen_due_notices(at=NOON + timedelta(seconds=60)) == 1
    assert services.widen_due_notices(at=NOON + timedelta(seconds=61)) == 0
    last = selectors.latest_published(notice)
    assert last is not None
    assert (last.number, last.affected) == (2, ["Checkout", "Returns", "Refunds", "Gift cards"])


def test_by_rule_the_promised_update_comes_by_itself() -> None:
    by_rule(update_every_seconds=600)
    notice = draft(make_shop())
    services.publish_due_notices(at=NOON)
    assert services.keep_updates_coming(at=NOON + minutes(9)) == 0
    assert services.keep_updates_coming(at=NOON + minutes(11)) == 1
    assert services.keep_updates_coming(at=NOON + minutes(12)) == 0
    last = selectors.latest_published(notice)
    assert last is not None
    assert last.text == "We are still repairing it. There is nothing new to report yet."


def test_without_a_rule_the_team_is_told_once_that_the_update_is_overdue() -> None:
    notice = draft(make_shop())
    services.publish_notice(notice, next_update_at=NOON + minutes(10), actor=ALICE, at=NOON)
    assert services.keep_updates_coming(at=NOON + minutes(11)) == 1
    assert services.keep_updates_coming(at=NOON + minutes(12)) == 0
    assert names_told(notice)[-1] == "NoticeUpdateOverdue"
    assert notice.versions.count() == 1


def test_a_persons_draft_stays_a_draft_when_the_machine_has_to_speak() -> None:
    incident = make_shop()
    notice = draft(incident)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    mine = write(notice, text="Almost done.")
    by_rule()
    incident.functions.add(make_node("returns", kind="function"))
    services.widen_notice(incident, at=NOON + minutes(3))
    mine.refresh_from_db()
    assert (mine.number, mine.published_at) == (3, None)
    last = selectors.latest_published(notice)
    assert last is not None
    assert (last.number, last.affected) == (2, ["Checkout", "Returns"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"phase": "guessing"}, "phase"),
        ({"estimate_from": NOON + minutes(9)}, "estimate_until"),
        ({"estimate_from": NOON - minutes(9), "estimate_until": NOON - minutes(5)}, "estimate_until"),
        ({"estimate_from": NOON + minutes(9), "estimate_until": NOON + minutes(5)}, "estimate_until"),
    ],
)
def test_a_wrong_version_is_refused_and_the_draft_stays(wrong: dict[str, object], field: str) -> None:
    notice = draft(make_shop())
    with pytest.raises(CannotWriteNotice) as refusal:
        write(notice, **{"text": "We know.", **wrong})  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert notice.versions.get().is_edited is False


def test_withdrawing_needs_a_reason_and_hides_it() -> None:
    notice = draft(make_shop())
    services.publish_notice(notice, actor=ALICE, at=NOON)
    with pytest.raises(CannotWithdrawNotice):
        services.withdraw_notice(notice, reason=" ", actor=ALICE, at=NOON)
    services.withdraw_notice(notice, reason="A false alarm", actor=ALICE, at=NOON)
    assert selectors.public_status(at=NOON).current == []
    assert selectors.feed_versions() == []


def test_a_drill_is_not_shown_to_the_public_unless_the_exercise_says_so() -> None:
    incident = make_shop()
    incident.is_drill = True
    incident.drill_window = DrillWindow.objects.create(reference="ex:1", starts_at=NOON, ends_at=NOON + minutes(9))
    incident.save()
    subscriber()
    notice = draft(incident)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    assert selectors.public_status(at=NOON).current == []
    assert services.mail_subscribers(notice.versions.get(), at=NOON) == 0
    notice.delete()
    services.show_drill_publicly("ex:1")
    services.publish_notice(draft(incident), actor=ALICE, at=NOON)
    assert len(selectors.public_status(at=NOON).current) == 1


def test_subscribers_are_mailed_once_a_version_with_a_way_out_in_one_click() -> None:
    subscriber()
    subscriber("dave@example.org", confirmed=False)
    notice = draft(make_shop())
    version = services.publish_notice(notice, actor=ALICE, at=NOON)
    version.refresh_from_db()
    assert services.mail_subscribers(version, at=NOON) == 1
    assert services.mail_subscribers(version, at=NOON) == 1
    message = Message.objects.get(about=f"notice:{notice.pk}")
    assert (message.address, message.lane) == ("carol@example.org", "email:subscribers")
    heads = payload_of(message)["headers"]
    assert isinstance(heads, dict)
    assert heads["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert heads["List-Unsubscribe"].startswith("<http")
    assert heads["Auto-Submitted"] == "auto-generated"


def test_the_notice_of_an_incident_that_ended_unheard_is_ended_by_the_timer() -> None:
    incident = make_shop()
    notice = draft(incident)
    services.publish_notice(notice, actor=ALICE, at=NOON)
    Incident.objects.filter(pk=incident.pk).update(state="resolved", resolved_at=NOON + minutes(1))
    assert services.catch_up_with_incidents(at=NOON + minutes(2)) == 1
    notice.refresh_from_db()
    assert notice.state == "resolved"


# --- the page never lies green --------------------------------------------------------------------------------------


def test_states_are_unknown_while_nobody_looks_and_true_while_somebody_does() -> None:
    checkout = make_node("checkout", kind="function")
    make_monitor(checkout, state="up", down_since=None)
    shown = selectors.public_status(at=NOON)
    assert (shown.is_stale, shown.state) == (True, "unknown")
    assert shown.truth == "We cannot tell right now whether Checkout works."
    with transaction.atomic():
        write_tick("worker", instance="w", at=NOON)
        write_tick("prober", instance="p", at=NOON)
    shown = selectors.public_status(at=NOON + seconds(30))
    assert (shown.is_stale, shown.state, shown.truth) == (False, "up", "Everything works.")
    assert selectors.public_status(at=NOON + timedelta(seconds=90)).state == "unknown"


def test_a_component_with_a_published_notice_is_never_green() -> None:
    incident = make_shop()
    write_tick("worker", instance="w", at=NOON)
    write_tick("prober", instance="p", at=NOON)
    Monitor.objects.update(state="up", down_since=None)
    services.publish_notice(draft(incident), actor=ALICE, at=NOON)
    states = {one.line.slug: one.state for one in selectors.public_status(at=NOON).components}
    assert states == {"checkout": "degraded", "search": "unknown"}
