"""The `stormproof` command: one module per app, assembled here."""

import typer

app = typer.Typer(no_args_is_help=True, help="Keeps an online shop operating through disruption.")


def main() -> None:
    """Run the command line."""
    app()
