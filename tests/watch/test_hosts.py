"""Hosts: what an agent may do, what is kept of its reports, what they mean, and what its silence means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.models import HostAgent, HostHour, HostReport, Monitor
from stormproof.watch.rules.hosts import Limit, judge_host
from stormproof.watch.services.hosts import (
    CannotIssueAgentToken,
    Measured,
    issue_agent_token,
    mark_silent_hosts,
    record_reports,
    roll_up_hosts,
)
from stormproof.watch.services.monitors import create_monitor, describe_settings
from stormproof.watch.services.upkeep import mark_unknown_monitors
from tests.watch.make import make_monitor, make_node
from tests.watch.people import client_of

AT = datetime.now(UTC).replace(microsecond=0)
GOOD = {"cpu": 12.0, "memory": 40.0, "disk:/": 50.0, "load": 0.3}
ADDRESS = "/api/v1/agent/reports"


def make_host(slug: str = "box", **config: Any) -> tuple[Monitor, HostAgent]:
    monitor = make_monitor(slug, kind="host", interval_seconds=15, config=config)
    issue_agent_token(monitor, actor=SYSTEM, at=AT)
    return monitor, HostAgent.objects.get(monitor=monitor)


def report(agent: HostAgent, at: datetime, metrics: dict[str, float] | None = None, **about: Any) -> int:
    plain = {"sent_at": at, "at": at, "name": "box.example", "system": "Linux 6"}
    return record_reports(agent, [Measured(measured_at=at, metrics=metrics or GOOD)], **{**plain, **about})


def state_of(monitor: Monitor) -> tuple[str, str]:
    monitor.refresh_from_db()
    return monitor.state, monitor.reason


def send(token: str, **about: Any) -> Any:
    now = datetime.now(UTC).isoformat()
    body = {"sent_at": now, "reports": [{"at": now, "metrics": GOOD}], "host": {"name": "box", "system": "x"}, **about}
    header = f"Bearer {token}"
    return Client().post(ADDRESS, json.dumps(body), content_type="application/json", headers={"Authorization": header})


@pytest.mark.django_db
def test_a_token_reports_for_its_host_and_does_nothing_else() -> None:
    monitor = make_monitor("box", kind="host", config={})
    token = issue_agent_token(monitor, actor=SYSTEM, at=AT)
    answer = send(token)
    assert (answer.status_code, answer.json()["new"]) == (200, 1)
    assert state_of(monitor) == ("up", "")
    assert token not in str(HostAgent.objects.values())
    assert Client().get("/api/v1/monitors", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    again = issue_agent_token(monitor, actor=SYSTEM, at=AT)
    assert send(token).status_code == 401
    assert send(again).status_code == 200
    assert FactRecord.objects.filter(name="AgentTokenIssued").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "spa_wrong", "sp_x", "spa_" + "x" * 5000])
def test_a_wrong_token_opens_nothing(token: str) -> None:
    make_host()
    assert send(token).status_code == 401
    assert HostReport.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "about",
    [
        {"reports": []},
        {"reports": [{"at": "2026-01-01", "metrics": {}}]},
        {"reports": [{"at": "2026-01-01T00:00:00", "metrics": {}}]},
        {"reports": [{"at": "0001-01-01T00:00:00Z", "metrics": {}}]},
        {"sent_at": "9999-12-31T23:59:59Z"},
        {"reports": [{"at": AT.isoformat(), "metrics": {"cpu": 1e300}}]},
        {"reports": [{"at": AT.isoformat(), "metrics": {"": 1}}]},
        {"reports": [{"at": AT.isoformat(), "metrics": {"a\x00": 1}}]},
        {"reports": [{"at": AT.isoformat(), "metrics": {str(n): 1 for n in range(301)}}]},
        {"reports": [{"at": AT.isoformat(), "metrics": {"cpu": "much"}}]},
        {"reports": [{"at": AT.isoformat(), "metrics": GOOD}] * 501},
        {"host": {"name": "x\x00"}},
    ],
)
def test_a_report_that_cannot_be_used_is_refused_whole(about: dict[str, Any]) -> None:
    monitor = make_monitor("box", kind="host", config={})
    token = issue_agent_token(monitor, actor=SYSTEM, at=AT)
    assert send(token, **about).status_code == 422
    assert HostReport.objects.count() == 0


@pytest.mark.django_db
def test_a_report_that_comes_twice_counts_once_and_a_batch_costs_no_more_queries() -> None:
    _, agent = make_host()
    assert (report(agent, AT), report(agent, AT)) == (1, 0)
    counts = []
    for number in (1, 100):
        begin = AT + timedelta(minutes=number)
        batch = [Measured(measured_at=begin + timedelta(milliseconds=n), metrics=GOOD) for n in range(number)]
        later = begin + timedelta(seconds=1)
        with CaptureQueriesContext(connection) as queries:
            assert record_reports(agent, batch, sent_at=later, name="", system="", at=later) == number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


@pytest.mark.django_db
def test_limits_make_a_host_degraded_down_and_up_again() -> None:
    monitor, agent = make_host(limits={"disk": {"degraded": 85, "down": 95}, "process:nginx": {"at_least": 1}})
    seen = []
    readings = [{"disk:/": 50.0}, {"disk:/": 85.0, "disk:/var": 20.0}, {"disk:/": 1.0, "disk:/var": 96.5}]
    readings += [{"disk:/": 1.0, "process:nginx": 0.0}, {"disk:/": 1.0, "process:nginx": 4.0}]
    for number, metrics in enumerate(readings):
        report(agent, AT + timedelta(seconds=15 * number), metrics)
        seen.append(state_of(monitor))
    assert seen == [
        ("up", ""),
        ("degraded", "disk:/ is 85 % (degraded from 85 on)"),
        ("down", "disk:/var is 96.5 % (down from 95 on)"),
        ("down", "disk:/var is 96.5 % (down from 95 on)"),
        ("up", ""),
    ]
    facts = FactRecord.objects.filter(name__startswith="Monitor").order_by("id").values_list("name", flat=True)
    assert list(facts) == ["MonitorDegraded", "MonitorWentDown", "MonitorRecovered"]


@pytest.mark.django_db
def test_silence_is_unknown_then_down_and_a_report_ends_it() -> None:
    monitor, agent = make_host(grace="2m")
    report(agent, AT)
    said = f"the agent has said nothing since {AT:%H:%M:%S} UTC"
    moved = []
    for seconds in (40, 41, 60, 120, 121, 500):
        mark_silent_hosts(at=AT + timedelta(seconds=seconds))
        mark_unknown_monitors(at=AT + timedelta(seconds=seconds))
        moved.append((seconds, *state_of(monitor)))
    assert moved == [
        (40, "up", ""),
        (41, "unknown", said),
        (60, "unknown", said),
        (120, "unknown", said),
        (121, "down", said),
        (500, "down", said),
    ]
    report(agent, AT + timedelta(seconds=600))
    assert state_of(monitor) == ("up", "")


@pytest.mark.django_db
def test_what_was_kept_while_we_were_away_is_marked_late_and_decides_nothing() -> None:
    monitor, agent = make_host()
    report(agent, AT)
    later = AT + timedelta(hours=1)
    full = {"disk:/": 99.0}
    kept = [Measured(measured_at=AT + timedelta(minutes=n), metrics=full) for n in (1, 2)]
    record_reports(agent, kept, sent_at=later, name="", system="", at=later)
    assert state_of(monitor) == ("up", "")
    assert list(HostReport.objects.order_by("at").values_list("late", flat=True)) == [False, True, True]
    report(agent, later, full)
    assert state_of(monitor)[0] == "down"


@pytest.mark.django_db
def test_a_clock_that_is_wrong_is_put_right_and_noted() -> None:
    monitor, agent = make_host()
    behind = AT - timedelta(hours=3)
    record_reports(
        agent, [Measured(measured_at=behind, metrics=GOOD)], sent_at=behind, name="box", system="Linux", at=AT
    )
    kept = HostReport.objects.get()
    assert (kept.at, kept.measured_at, kept.late) == (AT, behind, False)
    agent.refresh_from_db()
    assert (agent.skew_s, agent.name) == (10800, "box")
    assert state_of(monitor)[0] == "up"


@pytest.mark.django_db
def test_hours_are_rolled_up_and_reports_let_go_of() -> None:
    monitor, agent = make_host()
    hour = (AT - timedelta(hours=2)).replace(minute=0, second=0)
    for minute, value in ((1, 10.0), (2, 30.0)):
        moment = hour + timedelta(minutes=minute)
        record_reports(
            agent, [Measured(measured_at=moment, metrics={"cpu": value})], sent_at=AT, name="", system="", at=AT
        )
    roll_up_hosts(at=AT)
    roll_up_hosts(at=AT)
    assert list(HostHour.objects.values_list("start", "metrics")) == [(hour, {"cpu": [2, 40.0, 10.0, 30.0]})]
    roll_up_hosts(at=AT + timedelta(days=3))
    assert HostReport.objects.count() == 0
    assert HostHour.objects.filter(monitor=monitor).count() == 1
    roll_up_hosts(at=AT + timedelta(days=101))
    assert HostHour.objects.count() == 0


@pytest.mark.django_db
def test_settings_of_a_host_are_kept_as_they_were_said() -> None:
    make_node("web-a")
    said = {"on": "web-a", "kind": "host", "period": "30s", "limits": {"cpu": {"degraded": 95, "for": "10m"}}}
    monitor = create_monitor("box", settings=read_settings(said), actor=SYSTEM, at=AT)
    assert monitor.interval_seconds == 30
    told = describe_settings(monitor)
    assert told["period"] == "30s"
    assert told["limits"]["cpu"] == {"degraded": 95.0, "for": "10m"}
    with pytest.raises(CannotIssueAgentToken):
        issue_agent_token(make_monitor("page"), actor=SYSTEM, at=AT)


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"heat": {"down": 1}}, "there is no figure 'heat'"),
        ({"cpu": {}}, "say degraded, down or at_least"),
        ({"cpu": {"degraded": 90, "down": 80}}, "down must lie above degraded"),
        ({"cpu": {"degraded": 90, "for": "2h"}}, "Input should be less than or equal to 3600"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any], problem: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({"on": "box", "kind": "host", "limits": limits})
    assert problem in wrong.value.message


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.integers(0, 600))
def test_a_limit_with_a_duration_holds_only_when_every_report_of_it_was_past(values: list[float], seconds: int) -> None:
    reports = [(AT + timedelta(seconds=15 * n), {"cpu": value}) for n, value in enumerate(values)]
    verdict = judge_host(reports, {"cpu": Limit(down=90, for_seconds=seconds)})
    end, reaches = reports[-1][0], not seconds or (len(values) - 1) * 15 >= seconds
    within = [m["cpu"] for at, m in reports if at == end or (end - at).total_seconds() < seconds]
    assert verdict.ok is not (reaches and min(within) >= 90)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_see_hosts(name: str, status: int) -> None:
    _, agent = make_host()
    report(agent, datetime.now(UTC), {**GOOD, "service:nginx": 1.0})
    client = client_of(name)
    charts = [f"/monitors/box/figures/{chart}/?range=7d" for chart in ("usage", "disks", "nothing")]
    for page in ("/hosts/", "/monitors/box/", *charts):
        assert client.get(page).status_code == status, page


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 403), ("charlie", 403)])
def test_who_may_make_a_token(name: str, status: int) -> None:
    make_host()
    before = HostAgent.objects.get().digest
    answer = client_of(name).post("/monitors/box/agent-token/")
    assert answer.status_code == status
    assert ("spa_" in answer.content.decode()) is (status == 200)
    assert (HostAgent.objects.get().digest == before) is (status == 403)


@pytest.mark.django_db
def test_the_list_of_hosts_costs_the_same_for_one_and_for_ten() -> None:
    client, counts = client_of("bob"), []
    for number in range(1, 11):
        _, agent = make_host(f"box-{number}")
        report(agent, AT)
        if number in (1, 10):
            client.get("/hosts/")
            with CaptureQueriesContext(connection) as queries:
                assert "12 %" in client.get("/hosts/").content.decode()
            counts.append(len(queries))
    assert counts[0] == counts[1]
