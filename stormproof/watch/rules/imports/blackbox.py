"""Reads what the Prometheus blackbox exporter looks at: its modules, and the targets of Prometheus' scrape jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from stormproof.watch.rules.imports.found import (
    FoundMonitor,
    Reading,
    UnreadableImport,
    basic_auth,
    every_of,
    go_seconds,
    header_map,
    list_of,
    mapping_of,
    mappings_of,
    plain_words,
    read_safely,
    text_of,
)

Row = Mapping[str, Any]
DISCOVERED = "its targets are discovered; list them under static_configs"


def read_blackbox(data: Any) -> Reading:
    """What `modules` and `scrape_configs` of one YAML text hold; raises `UnreadableImport` for other YAML."""
    if not isinstance(data, dict) or not isinstance(data.get("scrape_configs"), list):
        raise UnreadableImport(
            "there are no scrape_configs: the targets stand in prometheus.yml",
            hint="put modules: of blackbox.yml and scrape_configs: of prometheus.yml into one file",
        )
    reading, modules, used = Reading(), mapping_of(data, "modules"), set()
    usual = go_seconds(text_of(mapping_of(data, "global"), "scrape_interval")) or 60
    for job in mappings_of(data, "scrape_configs"):
        names = list_of(mapping_of(job, "params"), "module")
        if not names:
            reading.leave("scrape job", job.get("job_name"), "it does not go through the blackbox exporter")
            continue
        used.add(str(names[0]))
        _read_job(job, str(names[0]), modules, usual, reading)
    for name in sorted(set(modules) - used):
        reading.leave("module", name, "no scrape job uses it")
    return reading


def _read_job(job: Row, module_name: str, modules: Row, usual: float, reading: Reading) -> None:
    module = modules.get(module_name)
    if not isinstance(module, dict):
        module = _BUILT_IN.get(module_name)
    interval = go_seconds(text_of(job, "scrape_interval")) or usual
    for key in job:
        if str(key).endswith("_sd_configs"):
            reading.leave("targets", f"{job.get('job_name')}: {key}", DISCOVERED)
    for group in mappings_of(job, "static_configs"):
        for target in map(str, list_of(group, "targets")):
            name = f"{text_of(job, 'job_name')} {target}".strip()[:200]
            found = FoundMonitor(source_id=f"{text_of(job, 'job_name')}/{target}", name=name)
            reading.monitors.append(found)
            prober = text_of(module, "prober") if module else ""
            reader = _READERS.get(prober)
            if module is None:
                found.problem = f"the module {module_name} is not in the file"
            elif reader is None:
                found.problem = f"there is no kind of monitor for the prober {prober or '?'} here"
            else:
                found.settings = {"name": name, "every": every_of(interval, found.notes)}
                about = mapping_of(module, prober)
                read_safely(found, partial(reader, about, target, found))


def _read_http(module: Row, target: str, found: FoundMonitor) -> None:
    settings, notes = found.settings, found.notes
    settings |= {"kind": "http", "url": target if "://" in target else f"http://{target}"}
    if method := text_of(module, "method"):
        settings["method"] = method.upper()
    if body := text_of(module, "body"):
        settings["body"] = body
    if headers := _headers_of(module, notes):
        settings["headers"] = headers
    if module.get("no_follow_redirects") is True or module.get("follow_redirects") is False:
        settings["follow_redirects"] = False
    settings["expect"] = _expect_of(module, notes)
    if module.get("fail_if_not_ssl") and settings["url"].startswith("http:"):
        settings["url"] = "https:" + settings["url"].removeprefix("http:")
    _note_the_rest(module, notes)


def _note_the_rest(module: Row, notes: list[str]) -> None:
    if mapping_of(module, "tls_config").get("insecure_skip_verify") is True:
        notes.append("a certificate that is not valid counts as down here")
    for key in ("fail_if_ssl", "fail_if_header_matches", "fail_if_header_not_matches", "valid_http_versions", "oauth2"):
        if module.get(key):
            notes.append(f"{key} is not taken over")


def _headers_of(module: Row, notes: list[str]) -> dict[str, str]:
    headers = header_map(mapping_of(module, "headers"), notes)
    if user := text_of(mapping_of(module, "basic_auth"), "username"):
        headers["Authorization"] = basic_auth(user, text_of(mapping_of(module, "basic_auth"), "password"))
    elif token := text_of(module, "bearer_token") or text_of(mapping_of(module, "authorization"), "credentials"):
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _expect_of(module: Row, notes: list[str]) -> dict[str, Any]:
    codes = [str(code) for code in list_of(module, "valid_status_codes")]
    expect: dict[str, Any] = {"status": ", ".join(codes) or "200-299"}
    for key, ours in (
        ("fail_if_body_not_matches_regexp", "contains"),
        ("fail_if_not_matches_regexp", "contains"),
        ("fail_if_body_matches_regexp", "contains_not"),
        ("fail_if_matches_regexp", "contains_not"),
    ):
        for pattern in map(str, list_of(module, key)):
            if words := plain_words(pattern):
                expect.setdefault(ours, []).append(words)
            else:
                notes.append(f"{key} {pattern[:80]!r} is not taken over: it is more than plain words")
    return expect


def _read_tcp(module: Row, target: str, found: FoundMonitor) -> None:
    parts = urlsplit(f"//{target.partition('://')[2] or target}")
    if module.get("tls") is True:
        found.settings |= {"kind": "tls", "host": parts.hostname or "", "port": parts.port or 443}
        return
    found.settings |= {"kind": "tcp", "host": parts.hostname or "", "port": parts.port}
    expected = [text_of(step, "expect") for step in mappings_of(module, "query_response")]
    first = plain_words(expected[0].removeprefix("^").removesuffix("$")) if expected else ""
    if first:
        found.settings["greeting"] = first
    if len(expected) > bool(first):
        found.notes.append("of its conversation only the greeting is taken over")


def _read_icmp(module: Row, target: str, found: FoundMonitor) -> None:
    found.settings |= {"kind": "icmp", "host": target}


def _read_dns(module: Row, target: str, found: FoundMonitor) -> None:
    found.settings |= {
        "kind": "dns",
        "host": text_of(module, "query_name"),
        "record": text_of(module, "query_type") or "A",
    }
    found.notes.append(f"asks the resolver of the prober, not {target}")


_READERS: dict[str, Callable[[Row, str, FoundMonitor], None]] = {
    "http": _read_http,
    "tcp": _read_tcp,
    "icmp": _read_icmp,
    "dns": _read_dns,
}
_BUILT_IN: dict[str, dict[str, Any]] = {
    "http_2xx": {"prober": "http"},
    "http_post_2xx": {"prober": "http", "http": {"method": "POST"}},
    "tcp_connect": {"prober": "tcp"},
    "icmp": {"prober": "icmp"},
}
