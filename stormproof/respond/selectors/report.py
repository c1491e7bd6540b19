"""An incident as a document: Markdown for people, plain data for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stormproof.respond.models import Incident, TimelineEntry
from stormproof.respond.selectors.incidents import tasks_of, timeline_of
from stormproof.respond.selectors.roles import roles_of
from stormproof.respond.selectors.situation import situation_of

MOMENTS = ("impact_started_at", "opened_at", "acknowledged_at", "impact_ended_at", "resolved_at")


def report_of(incident: Incident, at: datetime) -> dict[str, Any]:
    """Everything about an incident as plain data, with every version of each line of its timeline."""
    situation = situation_of(incident, at)
    entries = timeline_of(incident).prefetch_related("versions").reverse()
    return {
        "incident": incident.label,
        "title": incident.title,
        "severity": incident.severity,
        "severity_reason": incident.severity_reason,
        "stage": str(incident.stage),
        "is_drill": incident.is_drill,
        "is_private": incident.is_private,
        "root_cause": incident.root_node.slug if incident.root_node else None,
        "functions": [node.slug for node in situation.functions],
        **{name: _iso(getattr(incident, name)) for name in MOMENTS},
        "resolution": incident.resolution,
        "revenue_lost": str(round(situation.so_far, 2)),
        "currency": situation.currency,
        "roles": [
            {
                "role": one.role,
                "is_deputy": one.is_deputy,
                "person": str(one.person),
                "from": _iso(one.assumed_at),
                "until": _iso(one.ended_at),
            }
            for one in roles_of(incident)
        ],
        "tasks": [
            {
                "title": task.title,
                "assignee": str(task.assignee) if task.assignee else None,
                "due_at": _iso(task.due_at),
                "done_at": _iso(task.done_at),
            }
            for task in tasks_of(incident)
        ],
        "timeline": [_entry(entry) for entry in entries],
    }


def markdown_of_incident(incident: Incident, at: datetime) -> str:
    """An incident as Markdown: to send, print or keep. Times are UTC."""
    told = report_of(incident, at)
    lines = [f"# {told['incident']}: {_line(told['title'])}", ""]
    lines += [f"Severity {told['severity']} ({_line(told['severity_reason'])}), {told['stage']}.", ""]
    lines += ["| Moment | UTC |", "|---|---|"]
    names = ("Impact began", "Detected", "Acknowledged", "Stable", "Resolved")
    lines += [f"| {name} | {told[key] or 'not yet'} |" for name, key in zip(names, MOMENTS, strict=True)]
    lines += ["", f"Revenue lost: {told['revenue_lost']} {told['currency']}."]
    lines += ["", "## Roles", "", "| Role | Who | From | Until |", "|---|---|---|---|"]
    for one in told["roles"]:
        role = f"deputy {one['role']}" if one["is_deputy"] else one["role"]
        lines.append(f"| {role} | {_line(one['person'])} | {one['from']} | {one['until'] or 'now'} |")
    lines += ["", "## Tasks", "", "| What | Who | Due | Done |", "|---|---|---|---|"]
    for one in told["tasks"]:
        who, due, done = one["assignee"] or "nobody", one["due_at"] or "", one["done_at"] or "no"
        lines.append(f"| {_line(one['title'])} | {_line(who)} | {due} | {done} |")
    lines += ["", "## Timeline", "", "| When | Kind | What | Who |", "|---|---|---|---|"]
    for one in told["timeline"]:
        edited = f" (rewritten {len(one['versions'])} times)" if one["versions"] else ""
        lines.append(f"| {one['at']} | {one['kind']} | {_line(one['text'])}{edited} | {_line(one['author'])} |")
    return "\n".join(lines) + "\n"


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "at": _iso(entry.at),
        "kind": entry.kind,
        "text": entry.text,
        "author": entry.author_name,
        "is_pinned": entry.is_pinned,
        "versions": [
            {"text": one.text, "replaced_at": _iso(one.replaced_at), "replaced_by": one.replaced_by}
            for one in entry.versions.all()
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _line(text: str) -> str:
    """`text` on one line, safe in a table."""
    return " ".join(text.split()).replace("|", "\\|")
