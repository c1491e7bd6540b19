"""Reads an Uptime Kuma backup: the JSON that version 1 exports, and the monitor list as version 2 serves it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from stormproof.watch.rules.imports.found import (
    FoundMonitor,
    Reading,
    UnreadableImport,
    basic_auth,
    every_of,
    header_map,
    list_of,
    mappings_of,
    number_of,
    read_safely,
    text_of,
)

Row = Mapping[str, Any]
_SIMPLE_PATH = re.compile(r"^\$?\.?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*)$")
NOT_HERE = {
    "docker": "watch the container's port or page instead, or let the host agent look at it",
    "steam": "game servers are not watched",
    "gamedig": "game servers are not watched",
    "mqtt": "MQTT is not watched; watch the broker's port",
    "kafka-producer": "Kafka is not watched; watch the broker's port",
    "rabbitmq": "use an http monitor on its management API",
    "radius": "RADIUS is not watched",
    "real-browser": "a journey says what to click and what must be seen; write one by hand",
    "tailscale-ping": "Tailscale is not watched",
    "sqlserver": "SQL Server is not watched",
    "mongodb": "MongoDB is not watched; watch its port",
    "snmp": "SNMP is not watched",
    "grpc-keyword": "gRPC is not watched",
    "group": "groups are the nodes of the business here",
}

LEFT = (
    ("notificationList", "notification", "who is paged is set by on-call and escalation here"),
    ("proxyList", "proxy", "probes go out directly"),
    ("maintenanceList", "maintenance", "set maintenance windows up under Watch"),
    ("statusPageList", "status page", "the status page has the functions of the business"),
)


def read_uptime_kuma(data: Any) -> Reading:
    """What a backup holds; raises `UnreadableImport` for other JSON."""
    rows = data if isinstance(data, list) else None
    if isinstance(data, dict) and isinstance(data.get("monitorList"), list | dict):
        rows = mappings_of(data, "monitorList")
    if rows is None or not all(isinstance(row, dict) and "type" in row for row in rows):
        raise UnreadableImport(
            "this is no Uptime Kuma backup: it has no monitorList",
            hint="export it under Settings, Backup (version 1), or save the monitor list of version 2 as JSON",
        )
    reading = Reading()
    for row in rows:
        _read_monitor(row, reading)
    for key, what, why in LEFT:
        for each in mappings_of(data, key) if isinstance(data, dict) else []:
            reading.leave(what, each.get("name") or each.get("title") or each.get("host"), why)
    return reading


def _read_monitor(row: Row, reading: Reading) -> None:
    kind = text_of(row, "type")
    found = FoundMonitor(source_id=text_of(row, "id") or text_of(row, "name"), name=text_of(row, "name") or kind)
    reader = _READERS.get(kind)
    if reader is None:
        found.problem = NOT_HERE.get(kind, f"there is no kind of monitor for {kind or 'this'} here")
    else:
        found.settings = {"name": found.name[:200]}
        read_safely(found, lambda: reader(row, found))
    reading.monitors.append(found)
    if not found.problem:
        read_safely(found, lambda: _read_common(row, found, reading))


def _read_common(row: Row, found: FoundMonitor, reading: Reading) -> None:
    settings = found.settings
    if row.get("upsideDown"):
        found.problem = "upside down: a monitor that is up while its target is down"
        return
    if settings["kind"] != "heartbeat":
        settings["every"] = every_of(number_of(row, "interval", 60), found.notes)
    if row.get("active") in (False, 0):
        settings["paused"] = True
    if number_of(row, "maxretries", 0):
        found.notes.append("a failure is confirmed by one second try, not by retries")
    if row.get("proxyId") or row.get("proxy_id"):
        found.notes.append("its proxy is not used")
    if row.get("expiryNotification") and settings["kind"] == "http" and settings["url"].startswith("https:"):
        reading.monitors.append(_certificate_of(found, settings))


def _certificate_of(found: FoundMonitor, settings: Row) -> FoundMonitor:
    parts = urlsplit(settings["url"])
    about: dict[str, Any] = {
        "kind": "tls",
        "name": f"{found.name[:180]} certificate",
        "host": parts.hostname or "",
        "every": "1h",
    }
    if parts.port:
        about |= {"port": parts.port}
    return FoundMonitor(source_id=f"{found.source_id}/certificate", name=about["name"], settings=about)


def _read_http(row: Row, found: FoundMonitor) -> None:
    settings, notes = found.settings, found.notes
    settings |= {"kind": "http", "url": text_of(row, "url")}
    method = text_of(row, "method").upper()
    if method and method != "GET":
        settings["method"] = method
    if body := text_of(row, "body"):
        settings["body"] = body
    if headers := _headers_of(row, notes):
        settings["headers"] = headers
    if "maxredirects" in row and not number_of(row, "maxredirects", 0):
        settings["follow_redirects"] = False
    if row.get("ignoreTls"):
        notes.append("a certificate that is not valid counts as down here")
    codes = [str(code) for code in list_of(row, "accepted_statuscodes")]
    if codes and codes != ["200-299"]:
        settings["expect"] = {"status": ", ".join(codes)}


def _headers_of(row: Row, notes: list[str]) -> dict[str, str]:
    said = row.get("headers")
    if isinstance(said, str) and said.strip():
        try:
            said = json.loads(said)
        except ValueError:
            notes.append("its headers are not taken over: they are no JSON")
    headers = header_map(said, notes) if isinstance(said, dict) else {}
    if text_of(row, "authMethod") == "basic" or (not row.get("authMethod") and text_of(row, "basic_auth_user")):
        headers["Authorization"] = basic_auth(text_of(row, "basic_auth_user"), text_of(row, "basic_auth_pass"))
    elif text_of(row, "authMethod"):
        notes.append(f"the sign-in by {text_of(row, 'authMethod')} is not taken over")
    return headers


def _read_keyword(row: Row, found: FoundMonitor) -> None:
    _read_http(row, found)
    where = "contains_not" if row.get("invertKeyword") else "contains"
    found.settings.setdefault("expect", {})[where] = text_of(row, "keyword")


def _read_json(row: Row, found: FoundMonitor) -> None:
    _read_http(row, found)
    path = _SIMPLE_PATH.match(text_of(row, "jsonPath"))
    if path is None:
        found.problem = f"the JSONata expression {text_of(row, 'jsonPath')[:80]!r} is more than a path"
        return
    if text_of(row, "jsonPathOperator") not in ("", "=="):
        found.problem = f"a JSON value can only be compared by ==, not by {text_of(row, 'jsonPathOperator')}"
        return
    found.settings.setdefault("expect", {})["json"] = {path[1]: _scalar(text_of(row, "expectedValue"))}


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list) else value


def _read_port(row: Row, found: FoundMonitor) -> None:
    found.settings |= {"kind": "tcp", "host": text_of(row, "hostname"), "port": row.get("port")}


def _read_ping(row: Row, found: FoundMonitor) -> None:
    found.settings |= {"kind": "icmp", "host": text_of(row, "hostname")}


def _read_dns(row: Row, found: FoundMonitor) -> None:
    record = text_of(row, "dns_resolve_type") or "A"
    found.settings |= {"kind": "dns", "host": text_of(row, "hostname"), "record": record}
    if server := text_of(row, "dns_resolve_server"):
        found.notes.append(f"asks the resolver of the prober, not {server}")


def _read_push(row: Row, found: FoundMonitor) -> None:
    period = round(number_of(row, "interval", 60))
    spare = round(number_of(row, "maxretries", 0) * number_of(row, "retryInterval", 60))
    found.settings |= {"kind": "heartbeat", "period": f"{period}s", "grace": f"{max(spare, 30)}s"}
    found.notes.append("the job must ping the new address of this heartbeat")


def _read_database(kind: str) -> Callable[[Row, FoundMonitor], None]:
    def read(row: Row, found: FoundMonitor) -> None:
        found.settings |= {"kind": kind, "url": text_of(row, "databaseConnectionString")}
        found.settings["query"] = text_of(row, "databaseQuery") or "SELECT 1"

    return read


def _read_redis(row: Row, found: FoundMonitor) -> None:
    found.settings |= {"kind": "redis", "url": text_of(row, "databaseConnectionString")}


_READERS: dict[str, Callable[[Row, FoundMonitor], None]] = {
    "http": _read_http,
    "keyword": _read_keyword,
    "json-query": _read_json,
    "port": _read_port,
    "ping": _read_ping,
    "dns": _read_dns,
    "push": _read_push,
    "postgres": _read_database("sql"),
    "mysql": _read_database("mysql"),
    "redis": _read_redis,
}
