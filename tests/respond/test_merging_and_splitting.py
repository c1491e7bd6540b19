"""Two incidents with one cause become one, by the machine and by hand; what was put together wrongly comes apart."""

from __future__ import annotations

import pytest

from stormproof.core.models import FactRecord
from stormproof.respond import selectors, services
from stormproof.respond.models import Escalation, Incident, Merge
from tests.respond.make import (
    NOON,
    Shop,
    actor_of,
    go_down,
    make_incident,
    make_monitor,
    make_node,
    make_user,
    minutes,
    seconds,
    token_in,
)
from tests.respond.test_incident_pages import client_of
from tests.respond.test_incidents_by_api_and_command import call

pytestmark = pytest.mark.django_db


def two_that_have_one_cause(shop: Shop) -> tuple[Incident, Incident]:
    """A web server is down; minutes later a report that leans on the same database."""
    report = make_node("report", needs=[shop.database], team=shop.platform)
    first = make_incident(shop.web_a)
    second = make_incident(report, at=NOON + minutes(5))
    assert first.pk != second.pk
    return first, second


def test_a_later_alert_that_explains_both_makes_them_one() -> None:
    shop = Shop()
    first, second = two_that_have_one_cause(shop)
    services.add_task(second, title="Look", actor=actor_of(shop.bob), at=NOON + minutes(5))
    joined = go_down(make_monitor(shop.database), at=NOON + minutes(6))
    assert joined == first
    first.refresh_from_db()
    second.refresh_from_db()
    assert (second.merged_into, second.state, second.resolution) == (
        first,
        "resolved",
        f"Became part of {first.label}",
    )
    assert (first.root_node, first.alerts.count(), first.tasks.count(), second.alerts.count()) == (
        shop.database,
        3,
        1,
        0,
    )
    assert Merge.objects.get().is_automatic
    assert FactRecord.objects.get(name="IncidentMerged").payload == {
        "incident_id": first.pk,
        "source_incident_id": second.pk,
    }
    assert not Escalation.objects.filter(incident=second, next_at__isnull=False).exists()


def test_what_has_another_cause_stays_apart() -> None:
    shop = Shop()
    first = make_incident(shop.web_a)
    other = make_incident(shop.wifi, at=NOON + minutes(5))
    go_down(make_monitor(shop.database), at=NOON + minutes(6))
    other.refresh_from_db()
    assert (other.merged_into, Merge.objects.count(), first.alerts.count()) == (None, 0, 2)


def test_the_link_in_a_page_of_what_became_part_acknowledges_the_whole() -> None:
    shop = Shop()
    first, second = two_that_have_one_cause(shop)
    page = second.pages.get()
    token = token_in(page)
    services.merge_incidents(second, into=first, actor=actor_of(shop.bob), at=NOON + minutes(6))
    answered = services.acknowledge_by_link(token, at=NOON + minutes(7))
    assert (answered.pk, answered.state, answered.commander) == (first.pk, "acknowledged", shop.alice)


def test_a_merge_by_hand_takes_the_earlier_start_the_graver_severity_and_who_is_on_it() -> None:
    shop = Shop()
    mild = make_incident(shop.wifi)
    grave = make_incident(shop.database, at=NOON + minutes(1))
    services.acknowledge_incident(grave, actor=actor_of(shop.alice), at=NOON + minutes(2))
    services.merge_incidents(grave, into=mild, actor=actor_of(shop.bob), at=NOON + minutes(3))
    mild.refresh_from_db()
    assert (mild.severity, mild.state, mild.commander) == (1, "acknowledged", shop.alice)
    assert mild.impact_started_at == NOON - seconds(6)
    assert {node.slug for node in selectors.functions_of(mild)} == {"checkout", "search"}
    assert mild.timeline.filter(text__startswith=f"{grave.label} (").count() == 1


def test_a_merge_is_undone_within_an_hour_and_both_stay_apart() -> None:
    shop = Shop()
    first, second = two_that_have_one_cause(shop)
    lines = second.timeline.count()
    row = services.merge_incidents(second, into=first, actor=actor_of(shop.bob), at=NOON + minutes(6))
    services.undo_merge(row, actor=actor_of(shop.bob), at=NOON + minutes(10))
    second.refresh_from_db()
    assert (second.state, second.merged_into, second.resolved_at, second.alerts.count()) == ("open", None, None, 1)
    assert second.timeline.exclude(kind="merged").count() == lines
    assert Escalation.objects.get(incident=second).next_at == NOON + minutes(10)
    go_down(make_monitor(shop.database), at=NOON + minutes(11))
    second.refresh_from_db()
    assert second.merged_into is None
    with pytest.raises(services.CannotUndoMerge, match="taken apart already"):
        services.undo_merge(row, actor=actor_of(shop.bob), at=NOON + minutes(12))


def test_a_merge_that_makes_no_sense_is_refused() -> None:
    shop = Shop()
    bob = actor_of(shop.bob)
    first = make_incident(shop.wifi)
    secret = services.declare_incident(title="Breach", is_private=True, actor=bob, at=NOON)
    drill = services.declare_incident(title="Drill", is_drill=True, actor=bob, at=NOON)
    for other, words in ((first, "part of itself"), (secret, "private"), (drill, "drill")):
        with pytest.raises(services.CannotMerge, match=words):
            services.merge_incidents(first, into=other, actor=bob, at=NOON)
    row = services.merge_incidents(
        services.declare_incident(title="x", actor=bob, at=NOON), into=first, actor=bob, at=NOON
    )
    with pytest.raises(services.CannotUndoMerge, match="more than an hour"):
        services.undo_merge(row, actor=bob, at=NOON + minutes(61))


def test_alerts_become_an_incident_of_their_own() -> None:
    shop = Shop()
    incident = make_incident(shop.database)
    go_down(make_monitor(shop.web_a), at=NOON + seconds(10))
    alert = incident.alerts.get(node=shop.web_a)
    bob = actor_of(shop.bob)
    new = services.split_incident(incident, alerts=[alert], reason="a broken disk", actor=bob, at=NOON + minutes(1))
    assert (new.root_node, new.alerts.count(), incident.alerts.count(), new.stays_apart) == (shop.web_a, 1, 1, True)
    assert new.timeline.filter(kind="detected").count() == 1
    assert [one.words for one in selectors.related_to(bob, new)] == ["related to"]
    with pytest.raises(services.CannotSplit, match="Nothing would be left"):
        services.split_incident(
            incident, alerts=list(incident.alerts.all()), reason="x", actor=bob, at=NOON + minutes(2)
        )
    with pytest.raises(services.CannotSplit) as refusal:
        services.split_incident(incident, alerts=[alert], reason="x", actor=bob, at=NOON + minutes(2))
    assert refusal.value.field == "alerts"


def test_an_alert_goes_where_it_belongs_and_what_it_left_settles() -> None:
    shop = Shop()
    wifi, database = make_incident(shop.wifi), make_incident(shop.database, at=NOON + seconds(1))
    alert = wifi.alerts.get()
    bob = actor_of(shop.bob)
    services.attach_alert(alert, to=database, reason="same switch", actor=bob, at=NOON + seconds(30))
    wifi.refresh_from_db()
    assert (database.alerts.count(), wifi.green_at) == (2, NOON + seconds(30))
    alert.refresh_from_db()
    with pytest.raises(services.CannotAttachAlert, match="has this alert already"):
        services.attach_alert(alert, to=database, reason="x", actor=bob, at=NOON)


def test_together_and_apart_on_the_page() -> None:
    shop = Shop()
    olga = make_user("Olga", roles=("auditor",))
    first, second = two_that_have_one_cause(shop)
    url = f"/incidents/{second.number}/relations/"
    assert client_of(olga).get(url).status_code == 403
    client = client_of(shop.alice)
    link = {"do": "link", "link-other": first.number, "link-kind": "caused_by"}
    assert client.post(url, link).status_code == 302
    assert client.post(url, link).status_code == 422
    assert first.title in client.get(url).content.decode()
    assert client.post(url, {"do": "merge", "merge-other": 99999}).status_code == 422
    assert client.post(url, {"do": "merge", "merge-other": first.number}).status_code == 302
    row = Merge.objects.get()
    assert client.post(f"/incidents/{first.number}/merges/{row.pk}/undo/").status_code == 302
    assert client.post(url, {"do": "privacy", "privacy-reason": "a breach"}).status_code == 302
    second.refresh_from_db()
    assert second.is_private
    alert = second.alerts.get()
    split = {"do": "split", "split-alerts": [alert.pk], "split-reason": "x"}
    assert client.post(url, split).status_code == 422


def test_programs_merge_split_link_and_hide() -> None:
    shop = Shop()
    first, second = two_that_have_one_cause(shop)
    path = f"/incidents/{second.number}"
    assert call(shop.charlie, "POST", f"{path}/merge", into=first.number).status_code == 404
    assert call(shop.alice, "POST", f"{path}/links", other=first.number, kind="related").status_code == 204
    assert call(shop.alice, "GET", f"{path}/links").json()[0]["number"] == first.number
    merged = call(shop.alice, "POST", f"{path}/merge", into=first.number).json()
    assert (merged["source"], merged["target"]) == (second.number, first.number)
    assert len(call(shop.alice, "GET", f"/incidents/{first.number}/alerts").json()) == 2
    undone = call(shop.alice, "POST", f"/incidents/{first.number}/merges/{merged['id']}/undo")
    assert (undone.status_code, undone.json()["number"]) == (200, second.number)
    assert call(shop.alice, "PUT", f"{path}/privacy", is_private=True, reason="x").status_code == 204
    olga = make_user("Olga", roles=("auditor",))
    assert call(olga, "GET", path).status_code == 404
    assert call(olga, "GET", f"/incidents/{first.number}/links").json() == []
