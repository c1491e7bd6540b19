"""Brings a shop to its initial roles from wherever a drill (or a crash) left it. Idempotent; never loses an order."""

from __future__ import annotations

import json
import urllib.request

from keeper import parts, postgres, proxy
from keeper.layout import Layout, ShopError
from keeper.processes import running, wait_until
from keeper.setup import say


def converge(layout: Layout) -> None:
    """Every part runs, db-a leads with db-b as synchronous standby, HAProxy is open, provider A is in use."""
    for name in ("psp-a", "psp-b", "mailbox", "web-a", "web-b"):
        parts.start_service(layout, name)
    restore_database(layout)
    proxy.start_proxy(layout)
    proxy.reset(layout)
    parts.start_service(layout, "customers")
    parts.wait_for_services(layout, "psp-a", "psp-b", "mailbox", "web-a", "web-b", "customers")
    reset_providers(layout)
    wait_until(lambda: parts.answers(layout, "web", "/healthz"), within=15, what="the shop's front door")
    wait_until(lambda: proxy.is_settled(layout), within=15, what="haproxy to see every server up")


def restore_database(layout: Layout) -> None:
    """db-a leads, db-b follows and is waited for."""
    leader = find_leader(layout)
    if not postgres.answers(layout, leader):
        postgres.start_node(layout, leader)
    follow(layout, leader)
    if leader == "db-b":
        switch_over(layout)
        leader = "db-a"
    wait_for_partner(layout, leader)


def find_leader(layout: Layout) -> str:
    """The node with the newest history not marked as a standby: a running primary, or the last one there was."""
    found = []
    for node in postgres.NODES:
        if not (layout.data / node / "PG_VERSION").exists():
            continue
        if postgres.answers(layout, node):
            leads = postgres.is_primary(layout, node)
        else:
            leads = not postgres.is_marked_standby(layout, node)
        if leads:
            found.append((postgres.timeline(layout, node), node == "db-a", node))
    if not found:
        raise ShopError(
            "neither database node is a primary: promote one by hand (pg_ctl promote), or remove the data folder"
        )
    return max(found)[2]


def follow(layout: Layout, leader: str) -> None:
    """The leader's partner streams from it: started, rewound or copied anew, whichever is the least that works."""
    node = postgres.other(leader)
    postgres.configure(layout, leader, synchronous=False)
    postgres.reload_node(layout, leader)
    if not (layout.data / node / "PG_VERSION").exists():
        return copy_anew(layout, node)
    if not postgres.is_marked_standby(layout, node):
        postgres.stop_node(layout, node)
        say(f"{node} was left behind as a primary: rewinding it")
        try:
            postgres.rewind(layout, node)
        except ShopError as error:
            say(f"rewind refused ({str(error).splitlines()[-1]}), copying anew")
            return copy_anew(layout, node)
    if not running(layout, node):
        postgres.mark_standby(layout, node)
    try:
        postgres.start_node(layout, node, within=8)
        wait_until(lambda: postgres.is_streaming(layout, leader), within=6, what=f"{node} streaming")
    except ShopError as error:
        say(f"{error}: copying anew")
        copy_anew(layout, node)
    return None


def copy_anew(layout: Layout, node: str) -> None:
    """The last resort that always works."""
    postgres.rebase(layout, node)
    postgres.start_node(layout, node)
    wait_until(lambda: postgres.is_streaming(layout, postgres.other(node)), within=15, what=f"{node} streaming")


def wait_for_partner(layout: Layout, leader: str) -> None:
    """From now on a commit is acknowledged only when both nodes have it."""
    postgres.configure(layout, leader, synchronous=True)
    postgres.reload_node(layout, leader)
    wait_until(
        lambda: postgres.is_streaming(layout, leader, synchronous=True), within=10, what="synchronous replication"
    )


def switch_over(layout: Layout) -> None:
    """Back to db-a in order: nobody writes, db-b stops cleanly (its last byte is then with db-a), db-a leads."""
    say("switching back to db-a")
    wait_for_partner(layout, "db-b")
    if running(layout, "haproxy"):
        for server in ("db/db-a", "db/db-b"):
            proxy.set_state(layout, server, "maint")
            proxy.command(layout, f"shutdown sessions server {server}")
    postgres.stop_node(layout, "db-b")
    postgres.query(layout, "db-a", "select pg_promote(true, 20)")
    wait_until(lambda: postgres.is_primary(layout, "db-a"), within=20, what="db-a leading")
    postgres.mark_standby(layout, "db-b")
    postgres.start_node(layout, "db-b")
    try:
        wait_until(lambda: postgres.is_streaming(layout, "db-a"), within=6, what="db-b streaming")
    except ShopError as error:
        say(f"{error}: copying anew")
        copy_anew(layout, "db-b")


def reset_providers(layout: Layout) -> None:
    """Both providers well, A in use."""
    for name in ("psp-a", "psp-b"):
        put(f"{layout.url(name)}/mode", {"mode": "ok"})
    token = {"Authorization": f"Bearer {layout.secrets['ops']}"}
    wait_until(lambda: parts.answers(layout, "web", "/healthz"), within=15, what="the shop's front door")
    put(f"{layout.url('web')}/ops/payment-provider", {"provider": "a"}, headers=token)


def put(url: str, value: dict[str, str], *, headers: dict[str, str] | None = None) -> None:
    """PUT a JSON value."""
    request = urllib.request.Request(
        url,
        data=json.dumps(value).encode(),
        method="PUT",
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()
