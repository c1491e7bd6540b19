"""The pages of incidents: who may see and do what, what they say, and how many queries they take."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stormproof.core.clock import now
from stormproof.core.models import FactRecord
from stormproof.people.models import User
from stormproof.respond import services
from stormproof.respond.models import Incident, Page, Task
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    come_back,
    go_down,
    make_incident,
    make_monitor,
    make_procedure,
    make_user,
    minutes,
    seconds,
    token_in,
)

pytestmark = pytest.mark.django_db
PATHS = ("/incidents/", "/incidents/{n}/", "/incidents/{n}/now/", "/incidents/{n}/log/", "/incidents/{n}/tasks/")
ACTS = {
    "acknowledge/": {},
    "note/": {"text": "looking"},
    "task/": {"title": "Call the host"},
    "severity/": {"severity": "3", "reason": "only a test"},
    "resolve/": {"reason": "fixed", "despite_red": "on"},
}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_alice_acts_olga_only_reads_and_charlie_sees_nothing() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = make_incident(shop.database)
    alice, reader, stranger = (client_of(user) for user in (shop.alice, olga, shop.charlie))
    for path in PATHS:
        url = path.format(n=incident.number)
        assert [each.get(url).status_code for each in (alice, reader, stranger)] == [200, 200, 404], url
        assert Client().get(url).status_code == 302
    for path, data in ACTS.items():
        url = f"/incidents/{incident.number}/{path}"
        assert reader.post(url, data).status_code == 403, url
        assert stranger.post(url, data).status_code == 403, url
    incident.refresh_from_db()
    assert (incident.state, incident.severity, Task.objects.count()) == ("open", 1, 0)
    for path, data in ACTS.items():
        url = f"/incidents/{incident.number}/{path}"
        assert alice.post(url, data).status_code == 302, url
    incident.refresh_from_db()
    assert (incident.state, incident.severity, incident.commander) == ("resolved", 3, shop.alice)
    assert Task.objects.get().title == "Call the host"


def test_the_page_says_what_is_broken_what_it_costs_and_what_to_press() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    go_down(make_monitor(shop.checkout), at=NOON + seconds(2))
    make_procedure(shop.database, slug="promote-standby", start="by_hand")
    page = client_of(shop.alice).get(f"/incidents/{incident.number}/").content.decode()
    for words in (
        f"{incident.label}</div>",
        "Checkout and 1 more down",
        "because Orders db is down",
        'About <span class="sp-number">10.00 EUR</span> a minute',
        "Alice was paged, nobody has answered yet",
        "Procedure <em>Promote standby</em> is ready",
        "suppressed by Orders db",
        "Acknowledge</button>",
        "Run procedure</a>",
        "100% of revenue stops",
        "Paged Alice by email",
    ):
        assert words in page, words


def test_a_resolved_incident_says_what_it_cost_and_whether_the_promise_was_kept() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    incident = go_down(monitor)
    assert incident is not None
    come_back(monitor, at=NOON + minutes(6) - seconds(6))
    services.resolve_what_has_settled(at=NOON + minutes(7))
    page = client_of(shop.alice).get(f"/incidents/{incident.number}/").content.decode()
    for words in ("60.00 EUR", "met, 24 min to spare", "6 min", "All monitors are green"):
        assert words in page, words
    assert "Acknowledge</button>" not in page


def test_a_private_incident_is_for_those_who_act() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    incident = services.declare_incident(title="Extortion mail", is_private=True, actor=actor_of(shop.alice), at=NOON)
    url = f"/incidents/{incident.number}/"
    assert [client_of(user).get(url).status_code for user in (shop.bob, olga)] == [200, 404]
    assert "Extortion" not in client_of(olga).get("/incidents/").content.decode()


def test_the_list_narrows_by_state_severity_and_words_and_comes_as_csv() -> None:
    shop = Shop()
    one, other = make_incident(shop.database), make_incident(shop.wifi, at=NOON + seconds(1))
    client = client_of(shop.alice)
    for query, shown, hidden in (
        ("severity=1", one, other),
        ("severity=4", other, one),
        ("q=wifi", other, one),
        (f"q={one.number}", one, other),
    ):
        page = client.get(f"/incidents/?{query}").content.decode().partition("<tbody>")[2]
        assert (f"/incidents/{shown.number}/" in page, f'"/incidents/{hidden.number}/"' in page) == (True, False), query
    rows = client.get("/incidents/?format=csv&severity=1").content.decode().splitlines()
    assert rows[1].startswith(f"{one.label},Checkout and 1 more down,1,open,Orders db,2026-03-04T11:59:54+00:00,")


def test_the_timeline_narrows_to_decisions() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    services.add_note(incident, text="Restarting the pool", actor=actor_of(shop.alice), at=NOON)
    client = client_of(shop.alice)
    assert "Paged Alice" in client.get(f"/incidents/{incident.number}/log/").content.decode()
    page = client.get(f"/incidents/{incident.number}/log/?show=decisions").content.decode()
    assert ("Restarting the pool" in page, "Paged Alice" in page) == (True, False)


def test_an_incident_declared_on_the_page_pages_the_team() -> None:
    shop = Shop()
    client = client_of(shop.bob)
    assert client.post("/incidents/declare/", {"title": " "}).status_code == 422
    answer = client.post(
        "/incidents/declare/", {"title": "Payments fail", "functions": [shop.checkout.pk], "root": shop.psp.pk}
    )
    incident = Incident.objects.get()
    assert answer.headers["Location"] == f"/incidents/{incident.number}/"
    assert (incident.severity, incident.is_declared, incident.root_node) == (1, True, shop.psp)
    assert Page.objects.get().person == shop.alice


def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    answer = client_of(shop.alice).post(f"/incidents/{incident.number}/resolve/", {"reason": "seems fine to me"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 monitors are still red" in page
    assert "seems fine to me" in page


def test_a_procedure_is_run_after_a_preview() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    make_procedure(shop.database, slug="promote-standby", start="by_hand")
    client = client_of(shop.alice)
    url = f"/incidents/{incident.number}/run/promote-standby/"
    assert "Orders db" in client.get(url).content.decode()
    assert incident.runs.count() == 0
    assert client.post(url).status_code == 302
    assert [(one.run.mode, one.run.reference) for one in incident.runs.all() if one.run] == [
        ("real", f"incident:{incident.pk}")
    ]


def test_the_link_of_a_page_works_signed_out_and_only_by_post() -> None:
    shop = Shop()
    incident = make_incident(shop.database, at=now())
    url = f"/ack/{token_in(Page.objects.get())}"
    client = Client(enforce_csrf_checks=True)
    asked = client.get(url)
    assert (asked.status_code, "I am on it</button>" in asked.content.decode()) == (200, True)
    incident.refresh_from_db()
    assert incident.state == "open"
    assert "Thank you, Alice." in client.post(url).content.decode()
    incident.refresh_from_db()
    assert (incident.state, incident.commander) == ("acknowledged", shop.alice)
    assert "used already" in client.post(url).content.decode()
    assert FactRecord.objects.filter(name="IncidentAcknowledged").count() == 1
    assert client.get(url + "x").status_code == 404


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_incident_page_takes_the_same_queries_however_much_happened() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    make_procedure(shop.database)
    client, alice = client_of(shop.alice), actor_of(shop.alice)
    go_down(make_monitor(shop.checkout), at=NOON + seconds(3))
    services.add_note(incident, text="note", actor=alice, at=NOON)
    services.add_task(incident, title="task", assignee=shop.bob, actor=alice, at=NOON)
    url = f"/incidents/{incident.number}/"
    client.get(url)
    whole = queries_of(client, url)
    for node in (shop.search, shop.web_a, shop.web_b):
        go_down(make_monitor(node), at=NOON + seconds(3))
    for number in range(20):
        services.add_note(incident, text=f"note {number}", actor=alice, at=NOON)
        services.add_task(incident, title=f"task {number}", assignee=shop.bob, actor=alice, at=NOON)
    assert queries_of(client, url) == whole
    parts = {part: queries_of(client, f"{url}{part}/") for part in ("now", "log", "tasks")}
    assert parts == {"now": 43, "log": 4, "tasks": 4}


def test_the_list_takes_the_same_queries_however_long_it_is() -> None:
    shop = Shop()
    client, alice = client_of(shop.alice), actor_of(shop.alice)

    def declare(count: int) -> None:
        for number in range(count):
            services.declare_incident(title=f"Number {number}", root=shop.wifi, actor=alice, at=NOON)

    declare(6)  # the strip above each page shows five at most
    client.get("/incidents/")
    few = queries_of(client, "/incidents/")
    declare(12)
    assert queries_of(client, "/incidents/") == few
