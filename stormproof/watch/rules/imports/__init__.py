"""Files of other products: each reader is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stormproof.watch.rules.imports.blackbox import read_blackbox
from stormproof.watch.rules.imports.found import FoundMonitor, LeftOut, Reading, UnreadableImport
from stormproof.watch.rules.imports.gatus import read_gatus
from stormproof.watch.rules.imports.healthchecks import read_healthchecks
from stormproof.watch.rules.imports.uptime_kuma import read_uptime_kuma


@dataclass(frozen=True, kw_only=True)
class Source:
    """A product whose file can be read: its name, what to give, whether it is YAML, and the reader of its data."""

    name: str
    title: str
    give: str
    is_yaml: bool
    read: Callable[[Any], Reading]


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="uptime-kuma",
            title="Uptime Kuma",
            give="The backup JSON of version 1 (Settings, Backup), or the monitor list of version 2 as JSON.",
            is_yaml=False,
            read=read_uptime_kuma,
        ),
        Source(name="gatus", title="Gatus", give="Its config.yaml.", is_yaml=True, read=read_gatus),
        Source(
            name="blackbox",
            title="Prometheus blackbox exporter",
            give="One YAML with modules: of blackbox.yml and scrape_configs: of prometheus.yml.",
            is_yaml=True,
            read=read_blackbox,
        ),
        Source(
            name="healthchecks",
            title="Healthchecks",
            give="The answer of GET /api/v3/checks/ (v1 and v2 too), with a full API key, so that addresses stay.",
            is_yaml=False,
            read=read_healthchecks,
        ),
    )
}

__all__ = ["SOURCES", "FoundMonitor", "LeftOut", "Reading", "Source", "UnreadableImport"]
