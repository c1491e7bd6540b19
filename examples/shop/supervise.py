"""The sample shop's one switch.

python examples/shop/supervise.py up | down | status | repair | start PART | stop PART | seed-history | yaml | env
"""

from __future__ import annotations

import argparse
import fcntl
import json
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from keeper import parts, postgres, proxy, repair, setup
from keeper.layout import Layout, ShopError, layout_for, prepare_folders
from keeper.model import environment_lines, rendered
from keeper.ports import require_free_ports
from keeper.processes import running, stop

ALL = ("haproxy", "customers", "web-a", "web-b", "mailbox", "psp-a", "psp-b", "db-b", "db-a")
OPEN = "open"  # a file in the run folder: the shop has been opened


def up(layout: Layout) -> None:
    """Start everything that does not run; returns when a customer could order.

    A shop that is open is left as it is, broken parts and all: what breaks in it is there to be recovered, and bringing
    it back underneath a recovery would fight with it. `repair` mends.
    """
    began = time.monotonic()
    setup.ensure_venv()
    prepare_folders(layout)
    require_free_ports(layout)
    if not is_open(layout):
        setup.lay_foundation(layout)
        repair.converge(layout)
        (layout.run / OPEN).touch()
    target = layout.data / "continuity.yaml"
    target.touch(mode=0o600)
    target.write_text(rendered(layout))
    seconds = time.monotonic() - began
    print(f"shop: open at {layout.url('web')} after {seconds:.1f} s (mailbox {layout.url('mailbox')}/messages)")


def is_open(layout: Layout) -> bool:
    """Whether it was opened, not closed since, and something of it still runs (after a reboot nothing does)."""
    return (layout.run / OPEN).exists() and any(running(layout, name) for name in ALL)


def down(layout: Layout) -> None:
    """Stop what we started, the customers first and the databases last."""
    (layout.run / OPEN).unlink(missing_ok=True)
    for name in ALL:
        if name in postgres.NODES:
            continue
        stop(layout, name, within=8)
    leader = "db-a" if not postgres.is_marked_standby(layout, "db-a") else "db-b"
    for node in (leader, postgres.other(leader)):
        postgres.stop_node(layout, node)
    print("shop: closed")


def status(layout: Layout) -> None:
    """What runs, as JSON."""
    print(json.dumps(state_of(layout), indent=2))


def state_of(layout: Layout) -> dict[str, object]:
    """Every part with its pid, the database roles, HAProxy's view."""
    nodes = {}
    for node in postgres.NODES:
        alive = running(layout, node) is not None and postgres.answers(layout, node)
        nodes[node] = ("primary" if postgres.is_primary(layout, node) else "standby") if alive else "down"
    return {
        "data": str(layout.data),
        "web": layout.url("web"),
        "parts": {name: running(layout, name) for name in ALL},
        "roles": nodes,
        "haproxy": proxy.states(layout) if proxy.answers(layout) else {},
    }


def mend(layout: Layout) -> None:
    """Back to the initial roles."""
    if not (layout.data / "secrets.json").exists():
        raise ShopError(f"no shop at {layout.data}: run `up` first")
    began = time.monotonic()
    repair.converge(layout)
    print(f"shop: repaired in {time.monotonic() - began:.1f} s")


def start_part(layout: Layout, name: str) -> None:
    """Start one part and wait for it."""
    if name in postgres.NODES:
        postgres.start_node(layout, name)
    elif name == "haproxy":
        proxy.start_proxy(layout)
    else:
        parts.start_service(layout, name)
        parts.wait_for_services(layout, name)
    print(f"shop: {name} runs as {running(layout, name)}")


def stop_part(layout: Layout, name: str) -> None:
    """Stop one part."""
    stop(layout, name, signal_number=signal.SIGINT if name in postgres.NODES else signal.SIGTERM)
    print(f"shop: {name} stopped")


def seed_history(layout: Layout, weeks: int, per_week: int) -> None:
    """Weeks of past orders, so that there is a revenue profile to import."""
    setup.manage(["seed_history", "--weeks", str(weeks), "--per-week", str(per_week)], layout.environment())


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="shop", description="Start, stop and mend the sample shop.")
    words = made.add_subparsers(dest="word", required=True)
    for word in ("up", "down", "status", "repair", "start", "stop", "seed-history", "yaml", "env"):
        one = words.add_parser(word)
        one.add_argument("--data", type=Path, help="the shop's folder (default .data/shop)")
        one.add_argument("--port-base", type=int, help="first of twelve ports (default 8480)")
        if word in ("start", "stop"):
            one.add_argument("part", choices=ALL)
        if word == "seed-history":
            one.add_argument("--weeks", type=int, default=12)
            one.add_argument("--per-week", type=int, default=420)
    return made


def act(word: str, layout: Layout, asked: argparse.Namespace) -> None:
    """Do what was asked."""
    acts = {"up": up, "down": down, "status": status, "repair": mend}
    if word in acts:
        acts[word](layout)
    elif word == "start":
        start_part(layout, asked.part)
    elif word == "stop":
        stop_part(layout, asked.part)
    elif word == "seed-history":
        seed_history(layout, asked.weeks, asked.per_week)
    else:
        print(rendered(layout) if word == "yaml" else environment_lines(layout))


def main() -> int:
    """One act at a time per shop: a second waits for the first."""
    asked = parser().parse_args()
    try:
        layout = layout_for(asked.data, asked.port_base)
        if asked.word in ("status", "yaml", "env", "seed-history"):
            act(asked.word, layout, asked)
            return 0
        layout.data.mkdir(parents=True, exist_ok=True)
        with (layout.data / "supervise.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            act(asked.word, layout, asked)
    except ShopError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
