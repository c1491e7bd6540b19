"""Reads the checks that the Healthchecks management API lists (v1, v2, v3); the addresses of jobs are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormproof.watch.rules.imports.found import (
    FoundMonitor,
    Reading,
    UnreadableImport,
    mappings_of,
    number_of,
    text_of,
)

Row = Mapping[str, Any]
LONGEST_PERIOD, LONGEST_GRACE = 366 * 86400, 30 * 86400


def read_healthchecks(data: Any) -> Reading:
    """What a list of checks holds; raises `UnreadableImport` for other JSON."""
    if not isinstance(data, dict) or not isinstance(data.get("checks"), list):
        raise UnreadableImport(
            "this is no list of checks: it has no `checks`",
            hint="save the answer of GET /api/v3/checks/ with a full API key",
        )
    reading = Reading()
    for row in mappings_of(data, "checks"):
        reading.monitors.append(_read_check(row))
    return reading


def _read_check(row: Row) -> FoundMonitor:
    address = text_of(row, "uuid") or text_of(row, "ping_url").rstrip("/").rpartition("/")[2]
    name = text_of(row, "name") or text_of(row, "slug") or "unnamed check"
    found = FoundMonitor(source_id=address or text_of(row, "unique_key") or name, name=name, ping_key=address)
    settings: dict[str, Any] = {"kind": "heartbeat", "name": name[:200]}
    if schedule := text_of(row, "schedule"):
        settings |= {"schedule": schedule, "timezone": text_of(row, "tz") or "UTC"}
    else:
        settings["period"] = f"{min(LONGEST_PERIOD, round(number_of(row, 'timeout', 86400)))}s"
    settings["grace"] = f"{min(LONGEST_GRACE, round(number_of(row, 'grace', 3600)))}s"
    if text_of(row, "status") == "paused":
        settings["paused"] = True
    if text_of(row, "methods") == "POST":
        settings["accepts"] = "post"
    _read_words(row, settings)
    found.settings = settings
    if not address:
        found.notes.append("the file has no address (a read-only key): the job must ping the new one")
    if text_of(row, "channels"):
        found.notes.append("its integrations are not taken over: on-call and escalation page here")
    if row.get("manual_resume"):
        found.notes.append("a paused heartbeat stays paused here until someone resumes it")
    return found


def _read_words(row: Row, settings: dict[str, Any]) -> None:
    ours = {"failure_kw": "fail_words", "success_kw": "done_words", "start_kw": "start_words"}
    for theirs, key in {**ours, "subject_fail": "fail_words", "subject": "done_words"}.items():
        words = [word.strip() for word in text_of(row, theirs).split(",") if word.strip()]
        if words:
            settings.setdefault(key, []).extend(word for word in words if word not in settings.get(key, []))
    places = [("filter_subject", "subject"), ("filter_body", "mail"), ("filter_http_body", "post")]
    chosen = [place for key, place in places if row.get(key)]
    has_words = any(key in settings for key in ours.values())
    if has_words and chosen and chosen != ["subject", "mail"]:
        settings["words_in"] = chosen
    if has_words and row.get("filter_default_fail"):
        settings["without_words"] = "fail"
