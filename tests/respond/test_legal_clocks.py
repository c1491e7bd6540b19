"""Legal clocks: counted from one moment of awareness, reported, set aside, reminded; calendar months right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.core.models import FactRecord, Message
from stormproof.respond import selectors, services
from stormproof.respond.document import IncidentsSection
from stormproof.respond.document.incidents import IncidentsShape
from stormproof.respond.models import Incident, LegalClock
from stormproof.respond.rules import DEFAULT_DUTIES, months_later, next_reminder
from tests.respond.make import NOON, Shop, actor_of, make_incident, make_user
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (local(2026, 1, 31, 9, 30), 1, local(2026, 2, 28, 9, 30)),
        (local(2028, 1, 31, 9, 30), 1, local(2028, 2, 29, 9, 30)),
        (local(2026, 3, 31, 9, 30), 1, local(2026, 4, 30, 9, 30)),
        (local(2026, 12, 31, 23, 59), 1, local(2027, 1, 31, 23, 59)),
        (local(2026, 2, 28, 12), 12, local(2027, 2, 28, 12)),
        (local(2026, 3, 4, 12), 1, local(2026, 4, 4, 12)),  # summer time begins between: the time of day stays
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(start: datetime, months: int, end: datetime) -> None:
    assert months_later(start, months=months, zone=BERLIN) == end.astimezone(UTC)


def test_a_month_is_counted_in_the_zone_of_the_shop() -> None:
    moment = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)  # the 31st in Berlin
    assert months_later(moment, months=1, zone=BERLIN) == datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    assert months_later(moment, months=1, zone=ZoneInfo("UTC")) == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


def test_a_time_that_the_clock_skips_is_the_first_after_it_and_a_doubled_one_the_first() -> None:
    skipped = months_later(local(2026, 2, 28, 2, 30) + timedelta(days=1) - timedelta(days=1), months=1, zone=BERLIN)
    assert skipped == local(2026, 3, 28, 2, 30).astimezone(UTC)
    gap = months_later(datetime(2027, 2, 28, 2, 30, tzinfo=BERLIN), months=1, zone=BERLIN)
    assert gap == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)  # 03:00 summer time
    doubled = months_later(datetime(2026, 9, 25, 2, 30, tzinfo=BERLIN), months=1, zone=BERLIN)
    assert doubled == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    months=st.integers(1, 24),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]),
)
def test_a_deadline_lies_in_the_right_month_and_never_before_the_start(start: datetime, months: int, zone: str) -> None:
    moment = start.replace(tzinfo=UTC)
    local_start = moment.astimezone(ZoneInfo(zone))
    end = months_later(moment, months=months, zone=ZoneInfo(zone)).astimezone(ZoneInfo(zone))
    assert (end.year * 12 + end.month) - (local_start.year * 12 + local_start.month) == months
    assert end.day <= local_start.day


def test_the_owner_is_reminded_at_half_nine_tenths_and_the_end() -> None:
    moments, after = [], None
    for _ in range(4):
        after = next_reminder(counts_from=NOON, deadline=NOON + 72 * HOUR, after=after)
        if after is None:
            break
        moments.append((after - NOON) / HOUR)
    assert moments == [36, 64.8, 72]


def started(shop: Shop, *laws: str) -> tuple[Incident, dict[str, LegalClock]]:
    incident = make_incident(shop.database)
    services.start_legal_clocks(
        incident, laws=laws, aware_at=NOON, owner=shop.bob, actor=actor_of(shop.alice), at=NOON + HOUR
    )
    return incident, {one.duty: one for one in incident.legal_clocks.all()}


@pytest.mark.django_db
def test_all_clocks_count_from_one_moment_and_start_once() -> None:
    shop = Shop()
    incident, clocks = started(shop, "gdpr", "nis2", "cards")
    assert {key: clock.deadline for key, clock in clocks.items()} == {
        "gdpr-authority": NOON + 72 * HOUR,
        "nis2-early-warning": NOON + 24 * HOUR,
        "nis2-notification": NOON + 72 * HOUR,
        "nis2-final-report": datetime(2026, 4, 4, 12, 0, tzinfo=UTC),
        "card-schemes": NOON + 24 * HOUR,
    }
    again = services.start_legal_clocks(
        incident, laws=["gdpr"], aware_at=NOON + HOUR, actor=actor_of(shop.alice), at=NOON + 2 * HOUR
    )
    assert (again, LegalClock.objects.count()) == ([], 5)
    assert all("Art. 33(1)" in clock.basis for key, clock in clocks.items() if key == "gdpr-authority")


@pytest.mark.django_db
def test_the_final_report_counts_anew_from_the_notification() -> None:
    shop = Shop()
    incident, clocks = started(shop, "nis2")
    reported = NOON + 50 * HOUR
    services.report_duty(
        clocks["nis2-notification"],
        reported_at=reported,
        reference="BSI-4711",
        actor=actor_of(shop.bob),
        at=reported + HOUR,
    )
    final = incident.legal_clocks.get(duty="nis2-final-report")
    assert (final.counts_from, final.deadline) == (reported, datetime(2026, 4, 6, 14, 0, tzinfo=UTC))
    told = incident.legal_clocks.get(duty="nis2-notification")
    assert (told.state, told.reference, told.next_reminder_at) == ("reported", "BSI-4711", None)
    assert FactRecord.objects.get(name="LegalDutyReported").payload["is_late"] is False
    with pytest.raises(services.CannotReportDuty, match="does not run any more"):
        services.report_duty(told, reported_at=reported, actor=actor_of(shop.bob), at=reported + HOUR)


@pytest.mark.django_db
def test_what_makes_no_sense_is_refused_and_changes_nothing() -> None:
    shop = Shop()
    incident, clocks = started(shop, "gdpr")
    alice = actor_of(shop.alice)
    with pytest.raises(services.CannotStartLegalClocks, match="No duty belongs to hipaa") as refusal:
        services.start_legal_clocks(incident, laws=["hipaa"], aware_at=NOON, actor=alice, at=NOON)
    assert refusal.value.field == "laws"
    with pytest.raises(services.CannotStartLegalClocks, match="in the future"):
        services.start_legal_clocks(incident, laws=["nis2"], aware_at=NOON + HOUR, actor=alice, at=NOON)
    clock = clocks["gdpr-authority"]
    with pytest.raises(services.CannotReportDuty, match="before anybody was aware"):
        services.report_duty(clock, reported_at=NOON - HOUR, actor=alice, at=NOON)
    with pytest.raises(services.CannotSetAsideDuty):
        services.set_duty_aside(clock, reason=" ", actor=alice, at=NOON)
    clock.refresh_from_db()
    assert (clock.state, LegalClock.objects.count()) == ("running", 1)


@pytest.mark.django_db
def test_reminders_go_out_once_each_to_the_owner_and_stop_when_set_aside() -> None:
    shop = Shop()
    _, clocks = started(shop, "gdpr")
    moments = [NOON + 35 * HOUR, NOON + 36 * HOUR, NOON + 36 * HOUR, NOON + 65 * HOUR]
    assert [services.remind_of_legal_duties(at=at) for at in moments] == [0, 1, 0, 1]
    mails = Message.objects.filter(key__startswith="legal:")
    assert (mails.count(), {mail.address for mail in mails}) == (2, {"bob@shop.example"})
    services.set_duty_aside(
        clocks["gdpr-authority"],
        reason="No personal data in this cache",
        actor=actor_of(shop.alice),
        at=NOON + 66 * HOUR,
    )
    assert services.remind_of_legal_duties(at=NOON + 100 * HOUR) == 0


@pytest.mark.django_db
def test_without_an_owner_the_administrators_are_reminded() -> None:
    shop = Shop()
    make_user("Dora", roles=("admin",))
    incident = make_incident(shop.database)
    services.start_legal_clocks(incident, laws=["cards"], aware_at=NOON, actor=actor_of(shop.alice), at=NOON)
    services.remind_of_legal_duties(at=NOON + 13 * HOUR)
    assert [mail.address for mail in Message.objects.filter(key__startswith="legal:")] == ["dora@shop.example"]


@pytest.mark.django_db
def test_clocks_are_started_and_reported_on_their_pages_and_shown_everywhere() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = make_incident(shop.database)
    url = f"/incidents/{incident.number}/legal/"
    data = {"laws": ["gdpr"], "aware_at": "2026-03-04T12:00"}
    assert client_of(olga).post(url, data).status_code == 403
    assert client_of(shop.charlie).get(url).status_code == 404
    client = client_of(shop.alice)
    assert client.post(url, {"aware_at": "2026-03-04T12:00"}).status_code == 422
    assert client.post(url, data).status_code == 302
    clock = LegalClock.objects.get()
    for page in (f"/incidents/{incident.number}/", "/", url):
        assert "Tell the data protection authority" in client.get(page).content.decode(), page
    duty = f"{url}{clock.pk}/"
    assert client.post(duty, {"do": "owner", "owner": shop.bob.pk}).status_code == 302
    assert client.post(duty, {"do": "report", "reported_at": "2026-03-01T00:00"}).status_code == 422
    assert client.post(duty, {"do": "report", "reported_at": "2026-03-05T12:00"}).status_code == 302
    clock.refresh_from_db()
    assert (clock.state, clock.owner) == ("reported", shop.bob)


@pytest.mark.django_db
def test_programs_start_report_and_list_them_and_private_ones_stay_private() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    secret = services.declare_incident(title="Breach", is_private=True, actor=actor_of(shop.alice), at=NOON)
    path = f"/incidents/{secret.number}/legal"
    body = {"laws": ["nis2"], "aware_at": "2026-03-04T12:00:00Z", "owner": "bob@shop.example"}
    assert len(call(shop.alice, "POST", path, **body).json()) == 3
    assert call(shop.alice, "GET", "/legal-clocks").json()["count"] == 3
    assert call(olga, "GET", "/legal-clocks").json()["count"] == 0
    assert call(olga, "GET", path).status_code == 404
    clock = secret.legal_clocks.get(duty="nis2-early-warning")
    assert call(shop.alice, "POST", f"{path}/{clock.pk}/report", reference="x").status_code == 204
    clock = secret.legal_clocks.get(duty="nis2-final-report")
    assert call(shop.alice, "POST", f"{path}/{clock.pk}/aside", reason="closed").status_code == 204
    assert selectors.legal_clocks_running(actor_of(shop.alice)).count() == 1


@pytest.mark.django_db
def test_the_duties_of_ones_own_come_from_the_document() -> None:
    shop = Shop()
    admin = actor_of(make_user("Dora", roles=("admin",)))
    own = {"swiss": {"law": "fadp", "name": "Tell the FDPIC", "basis": "FADP Art. 24", "within": "36h"}}
    section = IncidentsSection()
    section.apply(IncidentsShape(legal=own), actor=admin, at=NOON)  # type: ignore[arg-type]
    assert section.read() == {"legal": own}
    incident = make_incident(shop.database)
    clocks = services.start_legal_clocks(incident, laws=["fadp"], aware_at=NOON, actor=admin, at=NOON)
    assert clocks[0].deadline == NOON + 36 * HOUR
    section.apply(None, actor=admin, at=NOON)
    assert selectors.legal_duties() == DEFAULT_DUTIES
