"""Commands of heartbeats: what a job reported, and the keys that open heartbeats by name."""

from __future__ import annotations

from typing import Annotated

import typer

from stormproof.cli.ready import show, use_database

commands = typer.Typer()
keys = typer.Typer(no_args_is_help=True, help="Keys that open every heartbeat by its name: /ping/<key>/<name>.")
commands.add_typer(keys, name="ping-keys")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


def _or_blank(value: object, unit: str) -> str:
    return "" if value is None else f"{value:.0f}{unit}" if isinstance(value, float) else f"{value}{unit}"


@commands.command("pings")
def list_pings(
    monitor: str,
    kind: Annotated[str, typer.Option(help="Only those of this kind: done, start, fail, log, ignored.")] = "",
    last: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what a job reported to its heartbeat, newest first."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.watch.selectors import monitor_for, pings_of

    rows = [
        {
            "number": ping.number,
            "at": ping.at.isoformat(),
            "kind": ping.kind,
            "exit_status": ping.exit_status,
            "took_ms": ping.took_ms,
            "from": ping.address,
            "body_size": ping.body_size,
        }
        for ping in pings_of(SYSTEM, monitor_for(SYSTEM, monitor), kind=kind)[:last]
    ]
    lines = [
        f"{row['number']:>7} {row['at']} {row['kind']:<8} {_or_blank(row['exit_status'], ''):>3}"
        f" {_or_blank(row['took_ms'], ' ms'):>12} {row['from']}"
        for row in rows
    ]
    show(rows, as_json=as_json, text="\n".join(lines) or "No ping yet.")


@keys.command("make")
def make_key(
    name: str,
    on: Annotated[str, typer.Option(help="The node on which a ping with ?create=1 sets heartbeats up.")],
    as_json: AsJson = False,
) -> None:
    """Make a ping key and print it."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.watch.services.ping_keys import make_ping_key

    key, raw = make_ping_key(name=name, on=on, actor=SYSTEM, at=now())
    show({"id": key.pk, "key": raw}, as_json=as_json, text=f"{key.name} (number {key.pk}): /ping/{raw}/<name>?create=1")


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the ping keys in use, without their values."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.watch.selectors import ping_keys

    rows = [
        {"id": key.pk, "name": key.name, "on": key.node.slug, "provisioned": key.provisioned}
        for key in ping_keys(SYSTEM)
    ]
    lines = [f"{row['id']:>5} {row['name']:<30} {row['on']:<24} {row['provisioned']} set up" for row in rows]
    show(rows, as_json=as_json, text="\n".join(lines) or "No ping key yet.")


@keys.command("revoke")
def revoke_key(number: int) -> None:
    """Make a ping key open nothing from now on."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.watch.selectors import ping_key_for
    from stormproof.watch.services.ping_keys import revoke_ping_key

    revoke_ping_key(ping_key_for(SYSTEM, number), actor=SYSTEM, at=now())
    typer.echo("The key opens nothing any more.")
