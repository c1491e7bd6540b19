"""Commands of service levels: how much of each error budget is left."""

from __future__ import annotations

from typing import Annotated

import typer

from stormproof.cli.ready import show, use_database

commands = typer.Typer()
slos = typer.Typer(no_args_is_help=True, help="Service levels and their error budgets.")
commands.add_typer(slos, name="slos")


@slos.command("list")
def list_slos(as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False) -> None:
    """List the service levels with what is left of their budgets."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.watch.selectors import slos as read_slos

    rows = [
        {
            "slug": slo.monitor.slug,
            "on": slo.monitor.node.slug,
            "state": slo.monitor.state,
            "left": slo.verdict.get("left"),
        }
        for slo in read_slos(SYSTEM)
    ]
    lines = [
        f"{row['state']:<9} {row['slug']:<28} {row['on']:<20} "
        + (f"{row['left']:.1%} of the budget left" if row["left"] is not None else "not judged yet")
        for row in rows
    ]
    show(rows, as_json=as_json, text="\n".join(lines) or "No service levels yet: add a monitor of the kind slo.")
