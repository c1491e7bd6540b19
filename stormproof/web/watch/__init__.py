"""The pages of `watch`: monitors, how each is, and the address that jobs ping."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from stormproof.core.actor import Actor
from stormproof.watch.selectors import monitor_counts, monitors
from stormproof.web.shell import Found, Page, Stage


def _find(actor: Actor, words: str) -> Iterable[Found]:
    if not actor.may("watch.read"):
        return []
    return [
        Found(
            url=reverse("monitor", args=[monitor.slug]),
            name=monitor.name,
            what=f"monitor of {monitor.node.name}",
            state=monitor.state,
            icon="activity",
        )
        for monitor in monitors(actor, search=words)[:8]
    ]


def _down(actor: Actor) -> int:
    return monitor_counts()["down"] if actor.may("watch.read") else 0


STAGE = Stage(
    name="Watch",
    url="monitors",
    icon="activity",
    rank=20,
    permission="watch.read",
    key="w",
    pages=(
        Page(name="New monitor", url="monitor-new", permission="watch.write", note="watch something", icon="plus"),
        Page(name="Maintenance", url="maintenance", permission="watch.read", note="planned work", icon="tool"),
        Page(
            name="Peak calendar", url="peaks", permission="watch.read", note="sales and holidays", icon="calendar-event"
        ),
        Page(name="Service levels", url="slos", permission="watch.read", note="error budgets", icon="gauge"),
        Page(
            name="Business signals",
            url="signals",
            permission="watch.read",
            note="orders a minute",
            icon="chart-histogram",
        ),
        Page(
            name="Import monitors",
            url="import-monitors",
            permission="watch.write",
            note="from other products",
            icon="file-import",
        ),
        Page(name="Hosts", url="hosts", permission="watch.read", note="machines with an agent", icon="server-2"),
        Page(name="Vendors", url="vendors", permission="watch.read", note="their status pages", icon="building-store"),
        Page(name="Ping keys", url="ping-keys", permission="watch.write", note="heartbeats by name", icon="key"),
    ),
    search=_find,
    count=_down,
)
