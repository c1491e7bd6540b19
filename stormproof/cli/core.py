"""Commands of the platform: run it all or one process, prepare and look into the database, check the audit trail."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stormproof.cli.ready import fail, out, set_up_django, show, use_database

commands = typer.Typer()
audit = typer.Typer(no_args_is_help=True, help="The audit trail: every fact, sealed in a hash chain.")
database = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL.")
commands.add_typer(audit, name="audit")
commands.add_typer(database, name="database")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
Port = Annotated[int | None, typer.Option(help="Port of pages and API; live stream and intake take the next two.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]


@commands.command()
def up(
    port: Port = None,
    host: Host = None,
    with_shop: Annotated[
        bool, typer.Option("--with-shop", help="Also start the sample shop and put it under care.")
    ] = False,
    shop_port: Annotated[int | None, typer.Option(help="First of the shop's twelve ports (8480).")] = None,
    logs: Annotated[
        bool, typer.Option("--logs", help="Let the processes write to this terminal, not to files in the data folder.")
    ] = False,
) -> None:
    """Run everything on this machine: database, web, live stream, intake, worker and prober. Ctrl-C stops it all."""
    from stormproof.cli.up import run_up

    raise typer.Exit(run_up(port=port, host=host, with_shop=with_shop, shop_port=shop_port, logs=logs))


@commands.command(name="open-shop", hidden=True)
def open_shop(
    port: Annotated[int | None, typer.Option(help="First of the shop's twelve ports (8480).")] = None,
) -> None:
    """Start the sample shop and put it under care of the Stormproof that runs. `up --with-shop` does it for you."""
    from stormproof.cli.shop import SampleShop
    from stormproof.cli.up import say
    from stormproof.core.env import env

    SampleShop(env.data_dir, port_base=port, say=say).open()


@commands.command()
def web(port: Port = None, host: Host = None) -> None:
    """Run only the pages and the API."""
    from stormproof.cli.up import web_command

    _become(web_command(host=host, port=port))


@commands.command()
def stream(port: Port = None, host: Host = None) -> None:
    """Run only the live stream that keeps open pages fresh."""
    from stormproof.cli.up import stream_command

    _become(stream_command(host=host, port=port))


@commands.command()
def intake(port: Port = None, host: Host = None) -> None:
    """Run only the intake of alerts and pings, two ports above the pages."""
    set_up_django()
    from stormproof.core.clock import now
    from stormproof.core.env import env
    from stormproof.core.ticks import keep_ticking
    from stormproof.worker.intake.run import run_intake

    keep_ticking("intake", clock=now)
    run_intake(host=host or env.host, port=(port or env.port) + 2)


@commands.command()
def worker() -> None:
    """Run only a worker: jobs, timers and outgoing messages. Run as many as you like."""
    set_up_django()
    from stormproof.core.clock import now
    from stormproof.core.ticks import keep_ticking
    from stormproof.worker.run import run_worker

    keep_ticking("worker", clock=now)
    run_worker()


@commands.command()
def prepare(as_json: AsJson = False) -> None:
    """Bring the database and the static files up to date. `stormproof up` does it for you."""
    use_database()
    from stormproof.cli.prepare import prepare_installation

    link = prepare_installation()
    show(
        {"setup_link": link}, as_json=as_json, text="Ready." if not link else f"Ready. Set up the first person: {link}"
    )


@commands.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the installation: say what is missing and how to get it. Exit status 1 when something must be mended."""
    from stormproof.cli.doctor import examine

    checks = examine()
    marks = {"ok": "[green]ok[/]     ", "missing": "[yellow]missing[/]", "broken": "[red]broken[/] "}
    lines = [
        f"{marks[check.state]}  [bold]{check.name}[/]: {check.found}"
        + (f"\n         -> {check.way_out}" if check.way_out else "")
        for check in checks
    ]
    show([check.__dict__ for check in checks], as_json=as_json, text="\n".join(lines))
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)


@audit.command("verify")
def verify(as_json: AsJson = False) -> None:
    """Walk the whole chain of facts; name the first that was altered, removed or smuggled in (exit status 1)."""
    use_database()
    from stormproof.core.seal import verify_facts

    verdict = verify_facts()
    data = {
        "holds": verdict.holds,
        "facts": verdict.facts,
        "unsealed": verdict.unsealed,
        "head": verdict.head,
        "broken_fact_id": verdict.broken_fact_id,
        "reason": verdict.reason,
    }
    if verdict.holds:
        counts = f"{verdict.facts} sealed facts, {verdict.unsealed} not yet sealed"
        text = f"[green]The audit trail holds[/]: {counts}.\nHead: {verdict.head}"
    else:
        text = f"[red]Broken at fact {verdict.broken_fact_id}[/]: {verdict.reason}; the {verdict.facts} before it hold."
    show(data, as_json=as_json, text=text)
    if not verdict.holds:
        raise typer.Exit(1)


@database.command("status")
def status(as_json: AsJson = False) -> None:
    """Say whether the embedded database runs, and where."""
    from stormproof.core.embedded import address_of, cluster_folder, database_pid

    data_dir = _embedded_folder()
    pid = database_pid(data_dir)
    data = {
        "running": pid is not None,
        "pid": pid,
        "folder": str(cluster_folder(data_dir)),
        "address": address_of(data_dir),
    }
    where = f"{data['folder']}, address {data['address']}"
    show(data, as_json=as_json, text=f"Runs as process {pid} over {where}" if pid else f"Does not run ({where})")
    if pid is None:
        raise typer.Exit(3)


@database.command("start")
def start() -> None:
    """Start the embedded database and leave it running."""
    from stormproof.core.embedded import start_database

    started = start_database(_embedded_folder())
    out.print(f"{'Ran already' if started.adopted else 'Started'}: process {started.pid}, {started.address}")


@database.command("stop")
def stop() -> None:
    """Stop the embedded database. Open transactions are rolled back; committed work is safe."""
    from stormproof.core.embedded import stop_database

    out.print("Stopped." if stop_database(_embedded_folder()) else "It did not run.")


@database.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open a PostgreSQL prompt on the database; further arguments go to psql."""
    from stormproof.core.embedded import binary, database_pid, psql_command
    from stormproof.core.env import env

    if env.database_url:
        _become([str(binary("psql")), env.database_url, *context.args])
    if database_pid(env.data_dir) is None:
        raise fail("The embedded database does not run.", hint="Start it: stormproof up, or stormproof database start")
    _become(psql_command(env.data_dir, arguments=context.args))


def _embedded_folder() -> Path:
    from stormproof.core.env import env

    if env.database_url:
        raise fail("DATABASE_URL is set: the database is not the embedded one, its own tools manage it.")
    return env.data_dir


def _become(command: list[str]) -> None:
    """Turn this process into `command`, so that signals reach it directly."""
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606  (no shell is meant)
