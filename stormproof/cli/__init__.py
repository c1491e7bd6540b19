"""The `stormproof` command: one module per app, each with its `commands`, assembled here."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

HELP = """Keeps an online shop operating through disruption.

Start with [bold]stormproof up[/]; it runs everything on this machine and prints where to look.
"""


def assembled() -> typer.Typer:
    """All commands: each module of this package that has a Typer named `commands` gives its own."""
    assembled = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode="rich", pretty_exceptions_enable=False)
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: (found.name != "core", found.name)):
        commands = getattr(importlib.import_module(f"{__name__}.{module.name}"), "commands", None)
        if isinstance(commands, typer.Typer):
            assembled.add_typer(commands)
    return assembled


def main() -> None:
    """Run the command line; what the product refuses is one clear line, not a traceback."""
    from stormproof.core.embedded import EmbeddedDatabaseFailed
    from stormproof.core.env import WrongSetting
    from stormproof.core.refusals import NotFound, Refused

    try:
        assembled()()
    except Refused as refused:
        _say(refused.message, refused.hint)
    except (NotFound, WrongSetting, EmbeddedDatabaseFailed) as error:
        _say(str(error))
    except Exception as error:
        known = _about_database(error)
        if not known:
            raise
        _say(known)
    sys.exit(1)


def _say(message: str, hint: str = "") -> None:
    typer.secho(f"Error: {message}", err=True, fg="red")
    if hint:
        typer.echo(hint, err=True)


def _about_database(error: Exception) -> str:
    """What is wrong with the database, in words; empty when the error is something else."""
    from django.db import OperationalError, ProgrammingError

    if isinstance(error, OperationalError):
        return f"The database cannot be reached: {str(error).strip()}"
    if isinstance(error, ProgrammingError) and "does not exist" in str(error):
        return "The database has no tables yet: run `stormproof up` (or `stormproof prepare`) first."
    return ""
