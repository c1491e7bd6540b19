"""Reads a Gatus configuration: endpoints with their conditions mapped onto expectations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stormproof.core.document import write_duration
from stormproof.watch.rules.imports.found import (
    FoundMonitor,
    Reading,
    UnreadableImport,
    every_of,
    go_seconds,
    header_map,
    list_of,
    mapping_of,
    mappings_of,
    read_safely,
    text_of,
)

Row = Mapping[str, Any]
_CONDITION = re.compile(r"^(\S.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$")
_PATTERN = re.compile(r"^pat\(\*(.+)\*\)$")
_ANY = re.compile(r"^any\((.+)\)$")
_PATH = re.compile(r"^\[BODY\]\.(\w+(?:\.\w+|\[\d+\])*)$")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
LEFT = {
    "alerting": "who is paged is set by on-call and escalation here",
    "maintenance": "set maintenance windows up under Watch",
    "ui": "the status page has the functions of the business",
    "remote": "one Stormproof has several probers in place of remote instances",
    "announcements": "notices to customers are written under Customers",
    "security": "people sign in here",
    "connectivity": "probers guard themselves",
    "suites": "a chain of requests is a journey here; write one by hand",
}


def read_gatus(data: Any) -> Reading:
    """What a configuration holds; raises `UnreadableImport` for other YAML."""
    rows = mappings_of(data, "endpoints") or mappings_of(data, "services") if isinstance(data, dict) else []
    jobs = mappings_of(data, "external-endpoints") if isinstance(data, dict) else []
    if not rows and not jobs:
        raise UnreadableImport("this is no Gatus configuration: it has no endpoints", hint="give its config.yaml")
    reading = Reading()
    for row in rows:
        _read_endpoint(row, reading)
    for row in jobs:
        reading.monitors.append(_read_job(row))
    for key, why in LEFT.items():
        if data.get(key):
            reading.leave(key, key, why)
    return reading


def _name_of(row: Row) -> str:
    group, name = text_of(row, "group"), text_of(row, "name") or text_of(row, "url")
    return f"{group} {name}".strip()[:200]


def _read_endpoint(row: Row, reading: Reading) -> None:
    name = _name_of(row)
    found = FoundMonitor(source_id=f"{text_of(row, 'group')}/{text_of(row, 'name')}", name=name)
    reading.monitors.append(found)
    url = text_of(row, "url")
    scheme = "dns" if isinstance(row.get("dns"), dict) else url.partition("://")[0].lower()
    if _VARIABLE.search(url):
        found.problem = f"the address has a variable: write {url[:80]!r} out"
        return
    reader = _READERS.get(scheme)
    if reader is None:
        found.problem = f"there is no kind of monitor for {scheme or url[:40]!r} here"
        return
    found.settings = {"name": name}
    read_safely(found, lambda: reader(row, url, found))
    interval = go_seconds(text_of(row, "interval")) or 60
    found.settings["every"] = every_of(interval, found.notes)
    if row.get("enabled") is False:
        found.settings["paused"] = True
    if row.get("alerts"):
        found.notes.append("its alerts are not taken over")
    if not found.problem:
        read_safely(found, lambda: _read_expiry(row, found, reading))


def _read_http(row: Row, url: str, found: FoundMonitor) -> None:
    settings, notes = found.settings, found.notes
    settings |= {"kind": "http", "url": url}
    if method := text_of(row, "method"):
        settings["method"] = method.upper()
    if body := text_of(row, "body"):
        settings["body"] = json.dumps({"query": body}) if row.get("graphql") else body
    if headers := header_map(mapping_of(row, "headers"), notes):
        settings["headers"] = {name: _from_variable(value) for name, value in headers.items()}
    client = mapping_of(row, "client")
    if client.get("ignore-redirect") is True:
        settings["follow_redirects"] = False
    if client.get("insecure") is True:
        notes.append("a certificate that is not valid counts as down here")
    _read_conditions(row, found)


def _from_variable(value: str) -> str:
    whole = _VARIABLE.fullmatch(value)
    return f"env:{whole[1]}" if whole else value


def _read_conditions(row: Row, found: FoundMonitor) -> None:
    expect: dict[str, Any] = {}
    low, high, statuses = 100, 599, ""
    for condition in map(str, list_of(row, "conditions")):
        parts = _CONDITION.match(condition)
        left, sign, right = (parts[1], parts[2], parts[3].strip("\"' ")) if parts else (condition, "", "")
        if left == "[STATUS]":
            found_statuses, low, high = _statuses(sign, right, low, high)
            statuses = found_statuses or statuses
        elif not _read_condition(left, sign, right, expect):
            found.notes.append(f"the condition {condition[:100]!r} is not taken over")
    expect["status"] = statuses or f"{low}-{high}"
    found.settings["expect"] = expect


def _statuses(sign: str, right: str, low: int, high: int) -> tuple[str, int, int]:
    """Statuses that are named one by one, else the bounds narrowed."""
    several = _ANY.match(right)
    if sign == "==" and several:
        return several[1].replace(" ", ""), low, high
    if not right.isdigit():
        return "", low, high
    code = int(right)
    bounds = {"==": (code, code), "<": (low, code - 1), "<=": (low, code), ">": (code + 1, high), ">=": (code, high)}
    return ("", *bounds.get(sign, (low, high)))


def _read_condition(left: str, sign: str, right: str, expect: dict[str, Any]) -> bool:
    """Put what a condition asks for into `expect`; False when it cannot be said here."""
    if left in ("[CERTIFICATE_EXPIRATION]", "[DOMAIN_EXPIRATION]") or (left, right) == ("[CONNECTED]", "true"):
        return True  # looked at by monitors of their own
    if left == "[RESPONSE_TIME]" and sign in ("<", "<=") and right.isdigit():
        expect["faster_than"] = f"{right}ms"
        return True
    if left == "[BODY]" and sign in ("==", "!="):
        pattern = _PATTERN.match(right)
        words = pattern[1] if pattern else right if "(" not in right else ""
        if words and "*" not in words:
            expect.setdefault("contains" if sign == "==" else "contains_not", []).append(words)
            return True
    path = _PATH.match(left)
    if path and sign == "==" and "(" not in right:
        expect.setdefault("json", {})[path[1]] = _scalar(right)
        return True
    return False


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list) else value


def _read_expiry(row: Row, found: FoundMonitor, reading: Reading) -> None:
    parts = urlsplit(text_of(row, "url"))
    for condition in map(str, list_of(row, "conditions")):
        match = _CONDITION.match(condition)
        seconds = go_seconds(match[3]) if match else None
        if match is None or seconds is None or not parts.hostname or match[2] not in (">", ">="):
            continue
        kind = {"[CERTIFICATE_EXPIRATION]": "tls", "[DOMAIN_EXPIRATION]": "domain"}.get(match[1])
        if kind is None or found.settings.get("kind") == kind:
            continue
        word = "certificate" if kind == "tls" else "domain"
        settings: dict[str, Any] = {"kind": kind, "name": f"{found.name[:180]} {word}", "every": "1h"}
        settings |= {"host": parts.hostname} if kind == "tls" else {"domain": parts.hostname}
        settings["warn_before"] = write_duration(round(seconds))
        if kind == "tls" and parts.port:
            settings["port"] = parts.port
        reading.monitors.append(
            FoundMonitor(source_id=f"{found.source_id}/{word}", name=settings["name"], settings=settings)
        )


def _read_port(row: Row, url: str, found: FoundMonitor) -> None:
    parts = urlsplit(url)
    found.settings |= {"kind": "tcp", "host": parts.hostname or "", "port": parts.port}
    _note_conditions(row, found)


def _read_tls(row: Row, url: str, found: FoundMonitor) -> None:
    parts = urlsplit(url)
    found.settings |= {"kind": "tls", "host": parts.hostname or "", "port": parts.port or 443}
    if parts.scheme == "starttls":
        found.problem = "STARTTLS is not spoken by the certificate monitor; use one of the port for mail"
    _note_conditions(row, found)


def _read_icmp(row: Row, url: str, found: FoundMonitor) -> None:
    found.settings |= {"kind": "icmp", "host": urlsplit(url).hostname or ""}
    _note_conditions(row, found)


def _read_ssh(row: Row, url: str, found: FoundMonitor) -> None:
    parts = urlsplit(url)
    found.settings |= {"kind": "ssh", "host": parts.hostname or "", "port": parts.port or 22}
    found.notes.append("looks at the greeting; does not sign in")


def _read_dns(row: Row, url: str, found: FoundMonitor) -> None:
    asked = mapping_of(row, "dns")
    found.settings |= {
        "kind": "dns",
        "host": text_of(asked, "query-name"),
        "record": text_of(asked, "query-type") or "A",
    }
    found.notes.append(f"asks the resolver of the prober, not {url}")
    _note_conditions(row, found)


def _note_conditions(row: Row, found: FoundMonitor) -> None:
    for condition in map(str, list_of(row, "conditions")):
        if not condition.startswith(("[CONNECTED] == true", "[CERTIFICATE_EXPIRATION]", "[DNS_RCODE] == NOERROR")):
            found.notes.append(f"the condition {condition[:100]!r} is not taken over")


def _read_job(row: Row) -> FoundMonitor:
    name = _name_of(row)
    seconds = go_seconds(text_of(mapping_of(row, "heartbeat"), "interval"))
    found = FoundMonitor(source_id=f"external/{text_of(row, 'group')}/{text_of(row, 'name')}", name=name)
    found.settings = {"kind": "heartbeat", "name": name, "period": write_duration(round(seconds or 86400))}
    found.notes.append("the job must ping the new address of this heartbeat")
    if seconds is None:
        found.notes.append("it had no heartbeat interval: a day is taken")
    if row.get("enabled") is False:
        found.settings["paused"] = True
    return found


_READERS = {
    "http": _read_http,
    "https": _read_http,
    "tcp": _read_port,
    "tls": _read_tls,
    "starttls": _read_tls,
    "icmp": _read_icmp,
    "ssh": _read_ssh,
    "dns": _read_dns,
}
