"""Calendars out under a secret address, and in from elsewhere."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from stormproof.core.actor import SYSTEM
from stormproof.core.env import env
from stormproof.respond import selectors, services
from stormproof.respond.models import Absence, CalendarImport, ScheduleOverride
from stormproof.respond.services.calendars import happenings_in
from tests.respond.make import NOON, Shop, actor_of
from tests.respond.test_who_is_on_call import make_schedule, on_call, weekly

HOUR = timedelta(hours=1)
HOLIDAY = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Berlin:20260305T090000
DTEND;TZID=Europe/Berlin:20260305T180000
RRULE:FREQ=WEEKLY;COUNT=3
EXDATE;TZID=Europe/Berlin:20260312T090000
SUMMARY:Bob
ATTENDEE:mailto:bob@shop.example
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260101
DTEND;VALUE=DATE:20260102
SUMMARY:Over
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def calendar_server(monkeypatch: pytest.MonkeyPatch):
    """A real web server with a calendar; the private network it is in is allowed."""
    from ipaddress import ip_network

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/me.ics" else 404)
            self.end_headers()
            self.wfile.write(HOLIDAY if self.path == "/me.ics" else b"")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setitem(env.__dict__, "allowed_networks", (ip_network("127.0.0.0/8"),))
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_the_shifts_are_read_under_a_secret_address_until_it_is_replaced(client: Client) -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    url = services.rotate_calendar_address(actor=actor_of(shop.alice), at=NOON)
    path = url.removeprefix(env.public_url)
    answer = client.get(path)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    address = selectors.calendar_behind(path.removeprefix("/calendar/").removesuffix(".ics"))
    events = Calendar.from_ical(services.calendar_file(address, at=NOON)).walk("VEVENT")
    assert events[0]["SUMMARY"] == "Alice on call: Platform on call"
    assert events[0]["DTEND"].dt == datetime.fromisoformat("2026-03-09T09:00:00+00:00")
    assert all("Bob" not in event["SUMMARY"] for event in events)
    services.rotate_calendar_address(actor=actor_of(shop.alice), at=NOON)
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_a_schedule_has_an_address_of_its_own_with_everybody_in_it() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    services.rotate_calendar_address(schedule=schedule, actor=SYSTEM, at=NOON)
    address = selectors.calendar_address_of(schedule=schedule)
    assert address is not None
    text = services.calendar_file(address, at=NOON).decode()
    assert "Alice on call" in text
    assert "Bob on call" in text


@pytest.mark.django_db
def test_a_persons_calendar_makes_absences_and_a_second_reading_makes_no_more(calendar_server: str) -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice, shop.bob), shop=shop)
    services.import_calendar(url=f"{calendar_server}/me.ics", actor=actor_of(shop.alice), at=NOON)
    assert services.read_due_calendars(at=NOON) == 1
    assert services.read_due_calendars(at=NOON + HOUR) == 1
    assert [absence.starts_at.isoformat() for absence in Absence.objects.all()] == [
        "2026-03-05T08:00:00+00:00",
        "2026-03-19T08:00:00+00:00",
    ]
    assert on_call(schedule, datetime.fromisoformat("2026-03-05T10:00:00+00:00")) == "Bob"


@pytest.mark.django_db
def test_a_calendar_that_does_not_answer_says_so_and_changes_nothing(calendar_server: str) -> None:
    shop = Shop()
    row = services.import_calendar(url=f"{calendar_server}/gone.ics", actor=actor_of(shop.alice), at=NOON)
    services.read_due_calendars(at=NOON)
    assert CalendarImport.objects.get(pk=row.pk).error == "The calendar answers 404"
    assert not Absence.objects.exists()


@pytest.mark.django_db
def test_a_calendar_in_a_private_network_is_not_read() -> None:
    shop = Shop()
    row = services.import_calendar(url="http://127.0.0.1:1/me.ics", actor=actor_of(shop.alice), at=NOON)
    services.read_due_calendars(at=NOON)
    assert "loopback" in CalendarImport.objects.get(pk=row.pk).error


@pytest.mark.django_db
def test_a_file_makes_overrides_by_who_is_invited() -> None:
    shop = Shop()
    schedule = make_schedule(weekly(shop.alice), shop=shop)
    assert services.import_calendar_file(HOLIDAY, schedule=schedule, actor=SYSTEM, at=NOON) == 2
    assert {str(row.person) for row in ScheduleOverride.objects.all()} == {"Bob"}


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\xff\xfe",
        HOLIDAY.replace(b"WEEKLY;COUNT=3", b"SECONDLY"),
        HOLIDAY.replace(b"20260305T090000\nDTEND", b"00010305T090000\nDTEND"),
        b"x" * 1_000_001,
    ],
)
def test_what_is_no_calendar_or_a_bomb_is_refused(content: bytes) -> None:
    with pytest.raises(services.CannotReadCalendar):
        happenings_in(content, zone=ZoneInfo("UTC"), at=NOON)


@given(content=st.binary(max_size=300), place=st.integers(0, len(HOLIDAY)))
def test_whatever_bytes_come_the_answer_is_events_or_a_refusal(content: bytes, place: int) -> None:
    for text in (content, HOLIDAY[:place] + content + HOLIDAY[place:], HOLIDAY[:place]):
        with contextlib.suppress(services.CannotReadCalendar):
            happenings_in(text, zone=ZoneInfo("UTC"), at=NOON)
