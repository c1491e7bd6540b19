"""Peaks and holidays: planned by hand, file and document, and what they mean for a baseline."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.watch.document import PeaksSection
from stormproof.watch.models import Peak
from stormproof.watch.selectors import is_change_frozen, is_paging_strict, peak_factors
from stormproof.watch.services.calendar import CannotPlanPeak, PeakValues, import_peaks, plan_peak
from tests.watch.people import client_of

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 24, tzinfo=UTC)
ICAL = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
SUMMARY:Christmas Day
DTSTART;VALUE=DATE:20261225
DTEND;VALUE=DATE:20261226
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Every Sunday
DTSTART;VALUE=DATE:20261227
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


def plan(slug: str = "black-friday", **about: Any) -> Peak:
    plain = {
        "name": "Black Friday",
        "start": datetime(2026, 11, 27),
        "end": datetime(2026, 11, 28),
        "zone": "Europe/Berlin",
        "factor": 4.0,
    }
    return plan_peak(slug, values=PeakValues(**{**plain, **about}), actor=SYSTEM, at=AT)


def test_wall_clock_times_are_those_of_the_zone() -> None:
    peak = plan()
    assert (peak.starts_at, peak.ends_at) == (
        datetime(2026, 11, 26, 23, tzinfo=UTC),
        datetime(2026, 11, 27, 23, tzinfo=UTC),
    )
    plan()
    assert FactRecord.objects.filter(name="PeakPlanned").count() == 1


def test_factors_multiply_where_peaks_overlap() -> None:
    plan(stricter_paging=True, change_freeze=True)
    plan("evening", start=datetime(2026, 11, 27, 23, 58), factor=2.0)
    start = datetime(2026, 11, 27, 22, 57, tzinfo=UTC)
    assert peak_factors(start, 4) == [4.0, 8.0, 8.0, 1.0]
    assert peak_factors(start, 4, marked=True) == [1.0, 1.0, 1.0, 0.0]
    assert (is_paging_strict(start), is_change_frozen(start)) == (True, True)
    assert (is_paging_strict(AT), is_change_frozen(AT)) == (False, False)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"zone": "Europe/Atlantis"}, "there is no time zone"),
        ({"end": datetime(2026, 11, 26)}, "must end after it starts"),
        ({"factor": 0}, "the factor is 0"),
        ({"name": " "}, "it has no name"),
    ],
)
def test_what_makes_no_sense_is_refused(about: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotPlanPeak, match=words):
        plan(**about)
    assert not Peak.objects.exists()


def test_holidays_from_ical_come_once_and_what_repeats_is_said() -> None:
    for _ in range(2):
        done = import_peaks(ICAL, factor=0.5, actor=SYSTEM, at=AT)
    assert done.planned == ["Christmas Day"]
    assert done.left_out == ["Every Sunday: it repeats; a calendar with each year's own days is needed"]
    assert list(Peak.objects.values_list("slug", "factor")) == [("christmas-day-20261225", 0.5)]


def test_holidays_from_csv() -> None:
    text = b"name,start,end,factor\nSale,2026-07-01,2026-07-02,2\nWrong,soon,,\n"
    done = import_peaks(text, factor=1, actor=SYSTEM, at=AT)
    assert done.planned == ["Sale"]
    assert done.left_out[0].startswith("line 3:")
    peak = Peak.objects.get()
    assert (peak.ends_at - peak.starts_at).days == 2


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b"BEGIN:VCALENDAR\nnonsense"])
def test_what_is_no_calendar_is_refused(text: bytes) -> None:
    with pytest.raises(CannotPlanPeak):
        import_peaks(text, factor=1, actor=SYSTEM, at=AT)


def test_the_document_gives_and_takes_peaks() -> None:
    section = PeaksSection()
    plan()
    said = section.read()
    assert said is not None
    assert said["black-friday"]["start"] == "2026-11-27T00:00"
    shapes = {"sale": section.shape.__args__[1].model_validate({**said["black-friday"], "name": "Sale"})}
    section.apply(shapes, actor=SYSTEM, at=AT)
    assert list(Peak.objects.values_list("slug", "name")) == [("sale", "Sale")]


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 403), ("charlie", 403)])
def test_who_may_plan(name: str, status: int) -> None:
    body = {
        "name": "Sale",
        "start": "2026-07-01T00:00",
        "end": "2026-07-02T00:00",
        "zone": "Europe/Berlin",
        "factor": 2,
    }
    answer = client_of(name).put("/api/v1/peaks/sale", json.dumps(body), content_type="application/json")
    assert answer.status_code == status
    assert Peak.objects.exists() == (status == 200)


def test_the_year_the_form_and_the_import_in_the_console() -> None:
    client = client_of("alice")
    typed = {"name": "Sale", "start": "2026-07-01T00:00", "end": "2026-07-02T00:00", "zone": "UTC", "factor": "2"}
    assert client.post("/peaks/new/", typed).status_code == 302
    page = client.get("/peaks/?year=2026").content.decode()
    assert "Sale" in page
    assert "July" in page
    assert client.get("/peaks/sale-20260701/edit/").status_code == 200
    client.post("/peaks/import/", {"file": SimpleUploadedFile("days.ics", ICAL), "factor": "0.5"})
    assert Peak.objects.count() == 2
    client.post("/peaks/sale-20260701/remove/")
    assert Peak.objects.count() == 1
    assert client.post("/peaks/new/", {**typed, "end": "2026-06-01T00:00"}).status_code == 422


def test_the_calendar_is_not_for_everybody() -> None:
    assert client_of("charlie").get("/peaks/").status_code == 404
    assert client_of("bob").get("/peaks/").status_code == 200
