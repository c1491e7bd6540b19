"""Commands of `watch`: run a prober, list monitors, test one now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stormproof.cli.maintenance import maintenance
from stormproof.cli.ready import fail, set_up_django, show, use_database

commands = typer.Typer()
monitors = typer.Typer(no_args_is_help=True, help="What is looked at, and how it is.")
commands.add_typer(monitors, name="monitors")
commands.add_typer(maintenance, name="maintenance")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
COLOURS = {"up": "green", "degraded": "yellow", "down": "red", "unknown": "bright_black", "maintenance": "blue"}


@commands.command()
def prober(
    server: Annotated[str, typer.Option(help="Look for this server, over HTTPS; no database is needed.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="The file with the token of this prober's place.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Believe certificates of this authority only.")] = None,
) -> None:
    """Run only a prober: looks at the monitored things. Run as many as you like; they share the work."""
    set_up_django()
    from stormproof.core.clock import now
    from stormproof.core.ticks import keep_ticking
    from stormproof.worker.prober import run_prober
    from stormproof.worker.prober.remote import ServerHome, WrongServer, read_token, trust_of

    if not server:
        keep_ticking("prober", clock=now)
        run_prober()
        return
    if token_file is None:
        raise fail(
            "a prober of another place needs its token", hint="add --token-file; `stormproof prober-token` makes one"
        )
    try:
        home = ServerHome(server, token=read_token(token_file), trust=trust_of(ca_file))
    except WrongServer as wrong:
        raise fail(str(wrong)) from wrong
    run_prober(home)


@commands.command("prober-token")
def prober_token(location: str, name: Annotated[str, typer.Option(help="Which machine uses it.")] = "") -> None:
    """Issue a token for probers of another place, bound to that place. It is printed once."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.core.refusals import Refused
    from stormproof.watch.services.remote import issue_prober_token

    try:
        _, raw = issue_prober_token(name=name or location, location=location, actor=SYSTEM, at=now())
    except Refused as refused:
        raise fail(refused.message, hint=refused.hint) from refused
    typer.echo(raw)


@monitors.command("list")
def list_monitors(
    state: Annotated[str, typer.Option(help="Only those in this state: up, degraded, down, unknown.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the monitors with their state."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.watch.selectors import monitors as read_monitors

    rows = [
        {
            "slug": monitor.slug,
            "name": monitor.name,
            "on": monitor.node.slug,
            "kind": monitor.kind,
            "state": monitor.state if monitor.enabled else "paused",
            "since": monitor.state_since.isoformat(),
            "reason": monitor.reason,
        }
        for monitor in read_monitors(SYSTEM, state=state)
    ]
    lines = [
        f"[{COLOURS.get(row['state'], 'bright_black')}]{row['state']:<11}[/] {row['slug']:<28} {row['kind']:<10}"
        f" {row['on']:<22} {row['reason']}"
        for row in rows
    ]
    show(rows, as_json=as_json, text="\n".join(lines) or "No monitors yet: describe them in continuity.yaml.")


@monitors.command("test")
def look_at_monitor(slug: str, as_json: AsJson = False) -> None:
    """Look at one monitor now, without touching its state. Exit status 1 when it does not work."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.watch.selectors import monitor_for
    from stormproof.watch.services.looking import look_now

    outcome = look_now(monitor_for(SYSTEM, slug), actor=SYSTEM, at=now())
    data = {
        "ok": outcome.ok,
        "degraded": outcome.degraded,
        "refused": outcome.refused,
        "reason": outcome.reason,
        "total_ms": outcome.total_ms,
        "phases": outcome.phases,
        "details": outcome.details,
    }
    phases = ", ".join(f"{name} {ms:.1f} ms" for name, ms in outcome.phases.items())
    word = "[green]works[/]" if outcome.ok else "[red]does not work[/]"
    show(data, as_json=as_json, text=f"{slug} {word}{f': {outcome.reason}' if outcome.reason else ''}\n{phases}")
    if not outcome.ok:
        raise typer.Exit(1)
