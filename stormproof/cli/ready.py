"""What a command needs before it can work: settings that are right, a database that runs, Django set up."""

from __future__ import annotations

import atexit
import json
import os
from typing import Any

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def set_up_django() -> None:
    """Load Django without touching the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stormproof.settings")
    import django

    django.setup()


def use_database() -> None:
    """Set Django up over a running database; the embedded one is started for the length of this command."""
    from stormproof.core.embedded import database_pid, start_database
    from stormproof.core.env import env

    if not env.database_url and database_pid(env.data_dir) is None:
        start_database(env.data_dir)
        atexit.register(_stop_again)
    set_up_django()


def _stop_again() -> None:
    """Stop the database this command started, unless `stormproof up` has taken it over meanwhile."""
    from stormproof.core.embedded import stop_database
    from stormproof.core.env import env
    from stormproof.core.processes import is_alive, read_mark

    mark = read_mark(env.data_dir / "run" / "up.pid")
    if mark is None or not is_alive(mark):
        stop_database(env.data_dir)


def show(data: Any, *, as_json: bool, text: str) -> None:
    """Print `data` as JSON, or `text` for a person."""
    if as_json:
        typer.echo(json.dumps(data, indent=2, default=str))
    else:
        out.print(text)


def fail(message: str, *, hint: str = "", code: int = 1) -> typer.Exit:
    """Print one clear error; raise what is returned to end the command."""
    err.print("[bold red]Error[/]: ", end="")
    err.print(message, markup=False)
    if hint:
        err.print(hint, markup=False)
    return typer.Exit(code)
