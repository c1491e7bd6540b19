"""The command that takes monitors over from the files of other products."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stormproof.cli.ready import show, use_database

commands = typer.Typer()
COLOURS = {"create": "green", "change": "yellow", "same": "bright_black", "retired": "bright_black", "refused": "red"}
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@commands.command("import")
def import_monitors(
    source: Annotated[str, typer.Argument(help="uptime-kuma, gatus, blackbox or healthchecks.")],
    files: Annotated[list[Path], typer.Argument(help="The file; for blackbox its two files.", exists=True)],
    *,
    on: Annotated[str, typer.Option(help="The node of the business that the monitors stand on.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this only the report is printed.")] = False,
    as_document: Annotated[bool, typer.Option("--yaml", help="Print a monitors section for continuity.yaml.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take monitors over from another product: a report of what is taken and what not, then --apply."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.watch.services.imports import apply_import, import_as_document, preview_import

    text = b"\n".join(file.read_bytes() for file in files)
    if as_document:
        typer.echo(import_as_document(source, text, on=on, actor=SYSTEM), nl=False)
        return
    if apply:
        report = apply_import(source, text, on=on, actor=SYSTEM, at=now())
    else:
        report = preview_import(source, text, on=on, actor=SYSTEM)
    lines = []
    for row in report.rows:
        why = "; ".join([row.problem] if row.problem else [*row.fields, *row.notes])
        name = row.slug or row.name
        lines.append(f"[{COLOURS[row.outcome]}]{row.outcome:<8}[/] {name:<40} {row.kind:<10} {_plain(why)}")
    lines += [f"[bright_black]left out[/] {left.what} {_plain(left.name)}: {left.why}" for left in report.left_out]
    done = "done" if report.is_applied else "nothing was changed: add --apply"
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in COLOURS if report.count(outcome))
    data = {
        "source": report.source,
        "on": report.on,
        "is_applied": report.is_applied,
        "rows": [
            {key: getattr(row, key) for key in ("source_id", "name", "slug", "kind", "outcome", "notes", "problem")}
            for row in report.rows
        ],
        "left_out": [{"what": left.what, "name": left.name, "why": left.why} for left in report.left_out],
    }
    show(data, as_json=as_json, text="\n".join([*lines, f"{counts or 'no monitors'} ({done})"]))


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
