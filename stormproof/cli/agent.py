"""`stormproof agent`: reports what this machine is doing. Needs neither the database nor settings of the server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer()


@commands.command()
def agent(
    *,
    server: Annotated[str, typer.Option(help="The address of Stormproof, https://...")],
    token_file: Annotated[Path, typer.Option(help="The file with the host's token (spa_...).")],
    every: Annotated[float, typer.Option(help="Seconds from one report to the next.")] = 15,
    buffer: Annotated[Path, typer.Option(help="The folder for reports that wait.")] = Path("/var/lib/stormproof-agent"),
    process: Annotated[list[str] | None, typer.Option(help="Count processes of this name; may be repeated.")] = None,
    service: Annotated[list[str] | None, typer.Option(help="Look at this systemd service; may be repeated.")] = None,
) -> None:
    """Report this machine's CPU, memory, disks, load, processes and services to Stormproof, until it is stopped."""
    from stormproof.worker.agent import AgentSettings, run_agent
    from stormproof.worker.agent.run import fault_of

    try:
        token = token_file.read_text().strip()
    except OSError as error:
        raise _wrong(f"--token-file: {token_file} cannot be read ({error.strerror})") from error
    settings = AgentSettings(
        server=server, token=token, folder=buffer, every_s=every, processes=process or (), services=service or ()
    )
    if fault := fault_of(settings):
        raise _wrong(fault)
    try:
        run_agent(settings, say=lambda words: typer.echo(words, err=True))
    except PermissionError as error:
        raise _wrong(f"--buffer: {error.filename} cannot be written as user {os.geteuid()}") from error


def _wrong(message: str) -> typer.Exit:
    typer.secho(f"Error: {message}", err=True, fg="red")
    return typer.Exit(2)
