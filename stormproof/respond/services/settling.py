"""Settles a set of external alerts in the database: new, counted again, acknowledged or ended, each with its group."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from stormproof.core.live import announce
from stormproof.respond.rules.routing import GROUP_INTERVAL, group_wait
from stormproof.respond.services.alerts import close_external
from stormproof.respond.services.sorting import Sorted

UPSERT_GROUPS = """
INSERT INTO respond_alertgroup AS g (key, name, service, node_id, severity, opened_at)
SELECT key, name, service, node_id, severity, %s
FROM jsonb_to_recordset(%s::jsonb) AS r(key text, name text, service text, node_id bigint, severity smallint)
ON CONFLICT (key) WHERE closed_at IS NULL DO UPDATE SET severity = LEAST(g.severity, EXCLUDED.severity)
RETURNING key, id
"""
UPSERT_ALERTS = """
INSERT INTO respond_externalalert AS a (key, integration_id, group_id, node_id, name, service, severity, state, action,
    summary, link, labels, count, first_seen_at, last_seen_at, expires_at, silence_id, inhibits, inhibitable,
    acknowledged_by, closing)
SELECT key, integration_id, group_id, node_id, name, service, severity, 'open', action, summary, link, labels, count,
    %s, %s, expires_at, silence_id, ARRAY(SELECT jsonb_array_elements_text(inhibits)),
    ARRAY(SELECT jsonb_array_elements_text(inhibitable)), '', ''
FROM jsonb_to_recordset(%s::jsonb) AS r(key text, integration_id bigint, group_id bigint, node_id bigint, name text,
    service text, severity smallint, action text, summary text, link text, labels jsonb, count int,
    expires_at timestamptz, silence_id bigint, inhibits jsonb, inhibitable jsonb)
ON CONFLICT (key) WHERE closed_at IS NULL DO UPDATE SET count = a.count + EXCLUDED.count,
    last_seen_at = EXCLUDED.last_seen_at, severity = LEAST(a.severity, EXCLUDED.severity), summary = EXCLUDED.summary,
    expires_at = EXCLUDED.expires_at
RETURNING id, key, group_id, (xmax = 0), cardinality(inhibits) > 0, cardinality(inhibitable) > 0
"""
MAKE_DUE = """
UPDATE respond_alertgroup g SET due_at = LEAST(g.due_at,
    CASE WHEN g.told_at IS NULL THEN n.at ELSE GREATEST(%s, g.told_at + make_interval(secs => %s)) END)
FROM unnest(%s::bigint[], %s::timestamptz[], %s::boolean[]) AS n(id, at, is_news)
WHERE g.id = n.id AND g.closed_at IS NULL AND (n.is_news OR g.told_at IS NULL)
"""
INHIBIT = """
UPDATE respond_externalalert t SET inhibited_by_id = s.id FROM respond_externalalert s
WHERE s.closed_at IS NULL AND t.closed_at IS NULL AND s.inhibits <> '{}' AND t.inhibitable <> '{}'
    AND s.inhibits && t.inhibitable AND t.inhibited_by_id IS NULL AND s.id <> t.id
    AND (s.id = ANY(%s) OR t.id = ANY(%s))
"""
CLOSE = """
UPDATE respond_externalalert SET state = 'closed', closed_at = %s, closing = %s, expires_at = NULL
WHERE {which} AND closed_at IS NULL RETURNING id, group_id
"""
RELEASE = """
UPDATE respond_externalalert SET inhibited_by_id = NULL
WHERE inhibited_by_id = ANY(%s) AND closed_at IS NULL RETURNING group_id
"""
CLOSE_GROUPS = """
UPDATE respond_alertgroup g SET closed_at = %s, due_at = NULL
WHERE g.id = ANY(%s) AND g.closed_at IS NULL
    AND NOT EXISTS (SELECT FROM respond_externalalert a WHERE a.group_id = g.id AND a.closed_at IS NULL)
RETURNING g.alert_id
"""


@dataclass(kw_only=True)
class _Fold:
    """All that a set says about one alert: how often it fired, the gravest, and how it stands at the end."""

    last: Sorted
    fired: int = 0
    severity: int = 4
    is_acknowledged: bool = False


def settle(reports: Sequence[Sorted], *, at: datetime) -> None:
    """Take in a set of reports, in their order; the caller holds the lock of alerts and the transaction."""
    folds: dict[str, _Fold] = {}
    for one in reports:
        _fold(folds, one)
    if not folds:
        return
    touched = _fire([fold for fold in folds.values() if fold.fired], at=at)
    acknowledged = [key for key, fold in folds.items() if fold.is_acknowledged]
    if acknowledged:
        _run(
            "UPDATE respond_externalalert SET state = 'acknowledged', acknowledged_at = %s, "
            "acknowledged_by = 'the sender' WHERE key = ANY(%s) AND state = 'open' RETURNING id",
            [at, acknowledged],
        )
    ended = [key for key, fold in folds.items() if not fold.last.report.is_firing]
    close_alerts("key = ANY(%s)", ended, because="The sender said that it is over", also=touched, at=at)
    announce("alerts", "overview")


def close_alerts(which: str, values: Collection[Any], *, because: str, at: datetime, also: Iterable[int] = ()) -> int:
    """End the open alerts that `which` (a condition with one place) names, groups without an open alert left, and what
    those kept open; how many alerts. `also` are further groups to look at."""
    groups = set(also)
    closed = _run(CLOSE.format(which=which), [at, because, list(values)]) if values else []
    if closed:
        groups |= {group for _, group in closed}
        released = {group for (group,) in _run(RELEASE, [[id for id, _ in closed]])}
        make_due(dict.fromkeys(released - groups, (at, True)), at=at)
    if groups:
        over = {alert for (alert,) in _run(CLOSE_GROUPS, [at, sorted(groups)]) if alert is not None}
        if over:
            close_external(over, at=at)
    return len(closed)


def make_due(groups: dict[int, tuple[datetime, bool]], *, at: datetime) -> None:
    """People are told of these groups at the given moments, or when their interval allows; of one that was told
    before only when there is news."""
    if groups:
        moments, news = [moment for moment, _ in groups.values()], [is_news for _, is_news in groups.values()]
        with connection.cursor() as cursor:
            cursor.execute(MAKE_DUE, [at, GROUP_INTERVAL.total_seconds(), list(groups), moments, news])


def _fold(folds: dict[str, _Fold], one: Sorted) -> None:
    """Add a report; an acknowledgement alone neither fires nor ends."""
    fold = folds.setdefault(one.key, _Fold(last=one))
    report = one.report
    if report.is_acknowledged and report.is_firing:
        fold.is_acknowledged = True
        return
    if report.is_firing:
        fold.fired += 1
        fold.severity = min(fold.severity, one.decision.severity)
    fold.last = one


def _fire(folds: Sequence[_Fold], *, at: datetime) -> set[int]:
    """Open or count the alerts that fire; the ids of all groups they touched."""
    if not folds:
        return set()
    groups = dict(_run(UPSERT_GROUPS, [at, json.dumps(_group_rows(folds))]))
    rows = [_alert_row(fold, groups[fold.last.group_key]) for fold in folds]
    by_key = {fold.last.key: fold for fold in folds}
    due: dict[int, tuple[datetime, bool]] = {}
    sources, targets, touched = [], [], set(groups.values())
    for id, key, group, is_new, is_source, is_target in _run(UPSERT_ALERTS, [at, at, json.dumps(rows)]):
        touched.add(group)
        fold = by_key[key]
        if fold.last.is_loud and (is_new or fold.severity == 1):
            moment, news = due.get(group, (at + group_wait(fold.severity), False))
            due[group] = min(moment, at + group_wait(fold.severity)), news or is_new
        if is_new and is_source:
            sources.append(id)
        if is_new and is_target:
            targets.append(id)
    if sources or targets:
        with connection.cursor() as cursor:
            cursor.execute(INHIBIT, [sources, targets])
    make_due(due, at=at)
    return touched


def _group_rows(folds: Sequence[_Fold]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for fold in folds:
        one = fold.last
        row = rows.setdefault(
            one.group_key,
            {
                "key": one.group_key,
                "name": one.report.name,
                "service": one.report.service,
                "node_id": one.decision.node_id,
                "severity": fold.severity,
            },
        )
        row["severity"] = min(row["severity"], fold.severity)
    return [rows[key] for key in sorted(rows)]


def _alert_row(fold: _Fold, group_id: int) -> dict[str, Any]:
    one, report = fold.last, fold.last.report
    return {
        "key": one.key,
        "integration_id": one.integration_id,
        "group_id": group_id,
        "node_id": one.decision.node_id,
        "name": report.name,
        "service": report.service,
        "severity": fold.severity,
        "action": one.decision.action,
        "summary": report.summary,
        "link": report.link if report.link.startswith(("http://", "https://")) else "",
        "labels": one.labels,
        "count": fold.fired,
        "expires_at": report.expires_at.isoformat() if report.expires_at else None,
        "silence_id": one.silence_id,
        "inhibits": one.inhibits,
        "inhibitable": one.inhibitable,
    }


def _run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
