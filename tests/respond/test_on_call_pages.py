"""Pages, API and file of on-call schedules: planners change them, responders take shifts, strangers see nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pydantic import TypeAdapter, ValidationError

from stormproof.core.actor import SYSTEM
from stormproof.core.document import Known
from stormproof.respond import selectors, services
from stormproof.respond.document import SchedulesSection
from stormproof.respond.models import Schedule, ScheduleOverride
from tests.people.make import person, signed_in, token_of
from tests.respond.make import NOON, Shop
from tests.respond.test_who_is_on_call import make_schedule, weekly

pytestmark = pytest.mark.django_db
SECTION = SchedulesSection()
ADAPTER: TypeAdapter[Any] = TypeAdapter(SECTION.shape)
WHOLE = {
    "platform": {
        "name": "Platform on call",
        "zone": "Europe/Berlin",
        "team": "platform",
        "holidays": ["2026-12-25"],
        "layers": [
            {"name": "Weekly", "start": "2026-03-02", "people": ["alice@shop.example", "bob@shop.example"]},
            {
                "name": "Nights",
                "start": "2026-03-02",
                "turns": "3d",
                "hand_off": "22:00",
                "people": ["bob@shop.example"],
                "zone": "Europe/London",
                "hours": [{"days": ["fri", "sat"], "from": "22:00", "to": "06:00"}],
                "on_holidays": "off",
            },
            {
                "name": "Sun",
                "start": "2026-03-02",
                "sites": [
                    {"zone": "Europe/Berlin", "from": "08:00", "people": ["alice@shop.example"]},
                    {"zone": "America/New_York", "from": "08:00", "people": ["bob@shop.example"], "days": 1},
                ],
            },
        ],
    }
}


def apply(value: Any) -> None:
    SECTION.apply(ADAPTER.validate_python(value), actor=SYSTEM, at=NOON)


def in_file_form(value: Any) -> Any:
    dump = ADAPTER.dump_python(ADAPTER.validate_python(value), mode="json", by_alias=True)
    return {slug: {key: one for key, one in schedule.items() if one} for slug, schedule in dump.items()}


def test_what_was_applied_is_read_back_equal_and_applying_it_again_changes_nothing() -> None:
    Shop()
    apply(WHOLE)
    assert in_file_form(SECTION.read()) == in_file_form(WHOLE)
    before = list(Schedule.objects.values_list("layers__pk", flat=True))
    apply(WHOLE)
    assert list(Schedule.objects.values_list("layers__pk", flat=True)) == before
    SECTION.apply(None, actor=SYSTEM, at=NOON)
    assert not selectors.schedules_for(SYSTEM).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"turns": "fortnight"},
        {"hand_off": "25:00"},
        {"zone": "Mars/Olympus"},
        {"people": []},
        {"hours": [{"days": ["someday"], "from": "09:00", "to": "10:00"}]},
    ],
)
def test_what_a_layer_cannot_mean_is_refused(wrong: dict[str, Any]) -> None:
    layer = {"name": "x", "start": "2026-03-02", "people": ["alice@shop.example"], **wrong}
    with pytest.raises(ValidationError):
        ADAPTER.validate_python({"platform": {"name": "x", "layers": [layer]}})


def test_unknown_people_and_teams_are_named_with_their_place() -> None:
    Shop()
    layer = {"name": "x", "start": "2026-03-02", "people": ["nobody@shop.example"]}
    value = ADAPTER.validate_python({"platform": {"name": "x", "team": "moon", "layers": [layer]}})
    problems = SECTION.check(value, Known(names=frozenset({"team:platform"})))
    assert [problem.path for problem in problems] == [
        ("schedules", "platform", "team"),
        ("schedules", "platform", "layers", 0, "people", 0),
    ]


def test_a_schedule_is_made_and_given_a_layer_in_the_console() -> None:
    shop = Shop()
    client = signed_in(person("responder"))
    said = {"name": "Shop", "slug": "shop", "zone": "UTC", "team": shop.platform.pk, "holidays": "2026-12-25"}
    assert client.post("/on-call/new/", said).headers["Location"] == "/on-call/shop/layer/"
    layer = {
        "name": "Weekly",
        "people": "alice@shop.example\nbob@shop.example",
        "length": "1",
        "unit": "weeks",
        "starts_on": "2026-03-02",
        "hand_off": "09:00",
        "zone": "UTC",
        "days": ["0", "1", "2", "3", "4", "5", "6"],
        "holidays": "count",
    }
    wrong = client.post("/on-call/shop/layer/", {**layer, "people": "nobody@shop.example"})
    assert (wrong.status_code, "Nobody has the address" in wrong.text) == (422, True)
    assert client.post("/on-call/shop/layer/", layer).status_code == 302
    page = client.get("/on-call/shop/?view=week")
    assert "is on call" in page.text
    changed = client.post("/on-call/shop/layer/0/", {**layer, "length": "2"})
    assert changed.status_code == 302
    part = services.part_of(selectors.layers_of(Schedule.objects.get())[0])
    assert (part.length, [str(user) for user in part.people]) == (2, ["Alice", "Bob"])


def test_the_page_of_a_schedule_asks_the_database_a_fixed_number_of_times() -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice, shop.bob, unit="hours", length=12), shop=shop)
    client = signed_in(person("responder"))
    client.get("/on-call/platform/")
    counts = []
    for query in ("?view=week", "?view=month"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/on-call/platform/{query}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 55


def test_the_clocks_of_the_reader_are_meant_when_times_are_typed() -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice), shop=shop)
    user = person("responder")
    type(user).objects.filter(pk=user.pk).update(time_zone="America/New_York")
    day = (datetime.now(UTC) + timedelta(days=40)).date()
    said = {"person": user.pk, "starts_at": f"{day}T09:00", "ends_at": f"{day}T10:00"}
    assert signed_in(user).post("/on-call/platform/override/", said).status_code == 302
    made = ScheduleOverride.objects.get()
    assert made.starts_at.hour in (13, 14)
    assert made.ends_at - made.starts_at == timedelta(hours=1)


def test_the_report_is_also_a_table_for_a_spreadsheet() -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice), shop=shop)
    ahead = datetime.now(UTC).date()
    answer = signed_in(person("responder")).get(f"/on-call/report/?from={ahead}&to={ahead + timedelta(days=6)}&csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.splitlines()[1].startswith("Alice,")


def test_strangers_and_employees_see_no_schedules(client: Client) -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice), shop=shop)
    assert client.get("/on-call/").status_code == 302
    assert signed_in(person("employee")).get("/on-call/platform/").status_code == 404
    assert client.get("/calendar/guess.ics").status_code == 404


def test_a_program_asks_who_is_on_call_and_puts_somebody_in(client: Client) -> None:
    shop = Shop()
    make_schedule(weekly(shop.alice, starts_on=date(2026, 1, 5)), shop=shop)
    headers = {"Authorization": f"Bearer {token_of(person('responder'), 'respond.read', 'respond.write')}"}
    told = client.get("/api/v1/on-call", headers=headers).json()
    assert [(one["schedule"], one["person"]) for one in told] == [("platform", "alice@shop.example")]
    start = datetime.now(UTC) + timedelta(hours=1)
    body = {
        "person": "bob@shop.example",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=2)).isoformat(),
    }
    url = "/api/v1/on-call/platform/overrides"
    made = client.post(url, body, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()["person"]) == (201, "bob@shop.example")
    naive = {**body, "starts_at": "2030-01-01T00:00:00"}
    refused = client.post(url, naive, content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["field"]) == (422, "starts_at")
    shifts = client.get("/api/v1/on-call/platform/shifts", headers=headers).json()
    assert [shift["person"] for shift in shifts][:3] == ["alice@shop.example", "bob@shop.example", "alice@shop.example"]
    assert client.delete(f"{url}/{made.json()['id']}", headers=headers).status_code == 204
    assert not ScheduleOverride.objects.exists()
