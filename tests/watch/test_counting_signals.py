"""Counts that are sent and read: once for each minute and slice, whatever is repeated, late or wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from stormproof.watch.kinds.signal.sources import Row
from stormproof.watch.models import Signal, SignalHour, SignalMinute, SignalSlice
from stormproof.watch.services.signals.counting import put_counts, roll_up_counts
from stormproof.watch.services.signals.reading import claim_signals
from tests.watch.people import client_of
from tests.watch.trading import MINUTE, NOW, make_signal

pytestmark = pytest.mark.django_db


def send(client: Client, body: Any, slug: str = "payments") -> Any:
    path = f"/api/v1/signals/{slug}/counts"
    return client.generic("POST", path, data=json.dumps(body), content_type="application/json")


def minutes() -> list[tuple[int, int]]:
    return list(SignalMinute.objects.order_by("start", "slice_id").values_list("total", "good"))


def moment(minutes_ago: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()


def test_a_batch_sent_twice_counts_once_and_a_later_one_corrects_it() -> None:
    make_signal()
    rows = [{"at": moment(3), "total": 5, "good": 4, "provider": "a"}, {"at": moment(3), "total": 2, "provider": "b"}]
    client = client_of("alice")
    for _ in range(2):
        assert send(client, {"rows": rows}).json() == {"kept": 2}
    assert minutes() == [(5, 4), (2, 2)]
    rows[0]["good"] = 1
    send(client, {"rows": rows})
    assert minutes() == [(5, 1), (2, 2)]


def test_until_says_that_nothing_came_in() -> None:
    monitor = make_signal()
    assert send(client_of("alice"), {"until": moment(0)}).status_code == 200
    assert Signal.objects.get(monitor=monitor).cursor_at is not None
    assert minutes() == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"at": "2026-01-01T00:00:00Z", "total": 1}, "more than 50 days back"),
        ({"at": "2099-01-01T00:00:00Z", "total": 1}, "lies in the future"),
        ({"at": "2026-11-24T11:59:00Z", "total": 1, "good": 2}, "good must not exceed total"),
        ({"at": "soon"}, "at"),
        ({"total": 1}, "at"),
    ],
)
def test_rows_that_cannot_be_are_refused_and_nothing_is_kept(row: dict[str, Any], words: str) -> None:
    make_signal()
    answer = send(client_of("alice"), {"rows": [{"at": moment(1)}, row]})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert minutes() == []


def test_who_may_send() -> None:
    make_signal()
    assert send(client_of("bob"), {"rows": [{"at": moment(1)}]}).status_code == 403
    assert minutes() == []
    assert send(client_of("alice"), {"rows": []}, slug="nothing").status_code == 404


def test_a_signal_that_reads_itself_takes_nothing() -> None:
    make_signal(source={"type": "http", "url": "https://shop.example/counts"})
    answer = send(client_of("alice"), {"rows": [{"at": moment(1)}]})
    assert answer.status_code == 422
    assert "reads its figures itself" in answer.json()["detail"]


def test_reading_a_span_again_replaces_it() -> None:
    monitor = make_signal()
    first = [
        Row(at=NOW, total=3, good=3, labels={"provider": "a"}),
        Row(at=NOW, total=1, good=1, labels={"provider": "b"}),
    ]
    put_counts(monitor, first, since=NOW, until=NOW + MINUTE)
    put_counts(monitor, first[:1], since=NOW, until=NOW + MINUTE)
    assert minutes() == [(3, 3)]


def test_slices_past_the_limit_count_as_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormproof.watch.services.signals.counting.MOST_SLICES", 2)
    monitor = make_signal()
    rows = [Row(at=NOW, total=1, good=1, labels={"country": name}) for name in ("DE", "FR", "NL", "SE")]
    put_counts(monitor, rows, since=NOW, until=NOW + MINUTE)
    assert sorted(SignalSlice.objects.values_list("key", flat=True)) == ["country=DE", "country=FR", "other"]
    assert sum(total for total, _ in minutes()) == 4


def test_hours_add_up_and_minutes_go_after_seven_weeks() -> None:
    monitor = make_signal()
    rows = [Row(at=NOW + place * MINUTE, total=2, good=1) for place in range(90)]
    put_counts(monitor, rows, since=NOW, until=NOW + 90 * MINUTE)
    roll_up_counts(at=NOW + timedelta(hours=2))
    assert list(SignalHour.objects.order_by("start").values_list("total", "good")) == [(120, 60), (60, 30)]
    roll_up_counts(at=NOW + timedelta(days=51))
    assert minutes() == []
    assert SignalHour.objects.count() == 2


def test_a_claimed_signal_is_claimed_once_a_minute() -> None:
    monitor = make_signal()
    assert claim_signals(at=NOW) == [monitor.pk]
    assert claim_signals(at=NOW + timedelta(seconds=59)) == []
    assert claim_signals(at=NOW + timedelta(seconds=60)) == [monitor.pk]
