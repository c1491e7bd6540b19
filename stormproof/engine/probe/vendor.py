"""Reads what a vendor says of itself: a Statuspage summary, Google's list of incidents, an RSS or Atom feed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from stormproof.engine.probe.outcome import shorten

UP, DEGRADED, DOWN = "up", "degraded", "down"
_WORST = (DOWN, DEGRADED, UP)
INDICATORS = {"none": UP, "maintenance": UP, "minor": DEGRADED, "major": DOWN, "critical": DOWN}
COMPONENTS = {
    "operational": UP,
    "under_maintenance": UP,
    "degraded_performance": DEGRADED,
    "partial_outage": DEGRADED,
    "major_outage": DOWN,
}
GOOGLE = {"AVAILABLE": UP, "SERVICE_INFORMATION": UP, "SERVICE_DISRUPTION": DEGRADED, "SERVICE_OUTAGE": DOWN}
OVER = re.compile(r"\b(resolved|completed|closed|recovered|operating normally|postmortem|cancell?ed)\b", re.IGNORECASE)
PLANNED = re.compile(r"\b(scheduled|maintenance)\b", re.IGNORECASE)
SEVERE = re.compile(r"\b(outage|disruption|down|unavailable|major|critical)\b", re.IGNORECASE)
MILD = re.compile(r"\b(partial|minor|degraded|degradation|some|intermittent|elevated|delays?)\b", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]{0,1000}>")
_FIRST_WORD = re.compile(r"<strong>\s*([A-Za-z ]{1,30}?)\s*</strong>")
OPEN_FOR = timedelta(hours=24)  # a feed's entry that was never said to be over
MOST_ENTRIES = 200


class CannotRead(Exception):
    """What was fetched is not the feed it should be: nothing is learned of the vendor."""


@dataclass(frozen=True, kw_only=True)
class VendorState:
    """What a vendor says: its state, why in its own words, and maintenance that is going on or planned."""

    state: str
    reason: str = ""
    maintenance: str = ""


def read_vendor(form: str, body: bytes, *, only: Sequence[str], at: datetime) -> VendorState:
    """The state that a feed of `form` (statuspage, google, feed) tells; raises `CannotRead`.

    `only` names components of a Statuspage or products of Google; an entry of a feed must contain one of the words.
    """
    return READERS[form](body, [word.casefold() for word in only], at)


def _worst(states: Iterable[str]) -> str:
    found = set(states)
    return next((state for state in _WORST if state in found), UP)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CannotRead("the answer is not JSON") from error


def _rows(source: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = source.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _words(source: Mapping[str, Any], key: str) -> str:
    value = source.get(key)
    return " ".join(_TAGS.sub(" ", html.unescape(value)).split()) if isinstance(value, str) else ""


def read_statuspage(body: bytes, only: Sequence[str], at: datetime) -> VendorState:
    """The state from Statuspage's `summary.json` (version 2)."""
    data = _json(body)
    status = data.get("status") if isinstance(data, dict) else None
    if not isinstance(status, dict) or status.get("indicator") not in INDICATORS:
        raise CannotRead("the answer is no Statuspage summary: it has no status indicator")
    components = [row for row in _rows(data, "components") if not row.get("group")]
    chosen = _chosen(components, only)
    incidents = [row for row in _rows(data, "incidents") if _touches(row, chosen)]
    if only:
        state = _worst(COMPONENTS.get(str(row.get("status")), DEGRADED) for row in chosen)
    else:
        state = INDICATORS[status["indicator"]]
    maintenance = [row for row in _rows(data, "scheduled_maintenances") if _touches(row, chosen)]
    reason = ""
    if state != UP:
        said = [_incident_words(row) for row in incidents] or [
            _component_words(chosen) or _words(status, "description")
        ]
        reason = shorten("; ".join(said), 400)
    return VendorState(state=state, reason=reason, maintenance=_maintenance_words(maintenance))


def _chosen(components: Sequence[dict[str, Any]], only: Sequence[str]) -> list[dict[str, Any]]:
    names = {_words(row, "name").casefold(): row for row in components}
    missing = [word for word in only if word not in names and all(row.get("id") != word for row in components)]
    if missing:
        known = ", ".join(sorted(_words(row, "name") for row in components))
        raise CannotRead(shorten(f"the page has no component {missing[0]!r}; it has {known}", 300))
    return [row for row in components if _words(row, "name").casefold() in only or row.get("id") in only]


def _touches(row: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]]) -> bool:
    hit = {part.get("id") for part in _rows(row, "components")}
    return not chosen or not hit or bool(hit & {part.get("id") for part in chosen})


def _incident_words(row: Mapping[str, Any]) -> str:
    updates = _rows(row, "incident_updates")
    latest = shorten(_words(updates[0], "body"), 200) if updates else ""
    return f"{_words(row, 'name')}{f' ({latest})' if latest else ''}"


def _component_words(chosen: Iterable[Mapping[str, Any]]) -> str:
    bad = [row for row in chosen if COMPONENTS.get(str(row.get("status")), DEGRADED) != UP]
    return "; ".join(f"{_words(row, 'name')}: {str(row.get('status')).replace('_', ' ')}" for row in bad)


def _maintenance_words(rows: Iterable[Mapping[str, Any]]) -> str:
    open_rows = [row for row in rows if row.get("status") != "completed"]
    said = [
        f"{_words(row, 'name')} from {row.get('scheduled_for')} to {row.get('scheduled_until')}" for row in open_rows
    ]
    return shorten("; ".join(said), 300)


def read_google(body: bytes, only: Sequence[str], at: datetime) -> VendorState:
    """The state from Google Cloud's `incidents.json`: incidents without an end are going on."""
    data = _json(body)
    if not isinstance(data, list):
        raise CannotRead("the answer is no list of incidents")
    states, said = [UP], []
    for row in data:
        if not isinstance(row, dict) or row.get("end") or not _has_words(row, only):
            continue
        latest = row.get("most_recent_update")
        status = str(latest.get("status")) if isinstance(latest, dict) else ""
        states.append(GOOGLE.get(status, DEGRADED))
        said.append(_words(row, "external_desc"))
    state = _worst(states)
    return VendorState(state=state, reason=shorten("; ".join(said), 400) if state != UP else "")


def _has_words(row: Mapping[str, Any], only: Sequence[str]) -> bool:
    titles = [_words(part, "title") for part in (*_rows(row, "affected_products"), *_rows(row, "affected_locations"))]
    text = " ".join([*titles, _words(row, "external_desc"), _words(row, "service_name")]).casefold()
    return not only or any(word in text for word in only)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    key: str
    title: str
    text: str
    first_word: str
    at: datetime | None


def read_feed(body: bytes, only: Sequence[str], at: datetime) -> VendorState:
    """The state from an RSS or Atom feed: entries of the last day that are not said to be over.

    Entities and document types are refused. Severity is read from the words of the title.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise CannotRead("the answer is no feed that can be read") from error
    if _bare(root) not in ("rss", "feed", "RDF"):
        raise CannotRead("the answer is neither RSS nor Atom")
    newest: dict[str, _Entry] = {}
    for entry in _entries(root):
        known = newest.get(entry.key)
        if known is None or (entry.at and known.at and entry.at > known.at):
            newest[entry.key] = entry
    states, said, planned = [UP], [], []
    for entry in newest.values():
        if not _is_open(entry, only, at):
            continue
        if PLANNED.search(entry.first_word or entry.title):
            planned.append(entry.title)
            continue
        states.append(DOWN if SEVERE.search(entry.title) and not MILD.search(entry.title) else DEGRADED)
        said.append(f"{entry.title} ({shorten(entry.text, 200)})" if entry.text else entry.title)
    return VendorState(
        state=_worst(states), reason=shorten("; ".join(said), 400), maintenance=shorten("; ".join(planned), 300)
    )


def _bare(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _entries(root: Element) -> list[_Entry]:
    found = [element for element in root.iter() if _bare(element) in ("item", "entry")]
    return [_entry(element) for element in found[:MOST_ENTRIES]]


def _entry(element: Element) -> _Entry:
    parts: dict[str, str] = {}
    for child in element:
        parts.setdefault(_bare(child), child.text or child.get("href") or "")
    raw = html.unescape(parts.get("content") or parts.get("description") or parts.get("summary") or "")[:20_000]
    first = _FIRST_WORD.search(raw)
    title = " ".join(html.unescape(parts.get("title", "")).split())[:300]
    return _Entry(
        key=parts.get("guid") or parts.get("id") or parts.get("link") or title,
        title=title,
        text=" ".join(_TAGS.sub(" ", raw).split())[:600],
        first_word=first[1] if first else "",
        at=_moment(parts.get("updated") or parts.get("pubDate") or parts.get("published") or parts.get("date") or ""),
    )


def _moment(text: str) -> datetime | None:
    for read in _DATES:
        try:
            found = read(text.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


_DATES: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, parsedate_to_datetime)


def _is_open(entry: _Entry, only: Sequence[str], at: datetime) -> bool:
    text = f"{entry.title} {entry.text}".casefold()
    if only and not any(word in text for word in only):
        return False
    if entry.at is None or at - entry.at > OPEN_FOR:
        return False
    return not OVER.search(entry.first_word or f"{entry.title} {entry.text[:200]}")


READERS: dict[str, Callable[[bytes, Sequence[str], datetime], VendorState]] = {
    "statuspage": read_statuspage,
    "google": read_google,
    "feed": read_feed,
}
