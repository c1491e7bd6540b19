"""Commands on continuity.yaml: see the difference, apply it, export it, publish its schema."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stormproof.cli.ready import err, out, set_up_django, show, use_database

if TYPE_CHECKING:
    from stormproof.business.document.planning import Plan
    from stormproof.business.services.document import CannotApplyDocument
    from stormproof.core.actor import Actor
    from stormproof.engine.probe.visit import Findings

commands = typer.Typer()
NO_CHANGES, FAULTY, CHANGES = 0, 1, 2

File = Annotated[Path, typer.Argument(help="The document; - reads it from standard input.", allow_dash=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@commands.command()
def plan(file: File = Path("continuity.yaml"), as_json: AsJson = False) -> None:
    """Show what `apply` would change. Exit status: 0 no changes, 2 changes, 1 the file has faults."""
    use_database()
    from stormproof.business.services.document import CannotApplyDocument, plan_of

    try:
        found = plan_of(_read(file))
    except CannotApplyDocument as refused:
        _show_faults(file, refused, as_json=as_json)
        raise typer.Exit(FAULTY) from None
    show(found.as_data(), as_json=as_json, text=plan_in_words(found))
    raise typer.Exit(CHANGES if found.entries else NO_CHANGES)


@commands.command()
def apply(
    file: File = Path("continuity.yaml"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the business what the file says: shows the difference, asks, then changes all of it or nothing."""
    use_database()
    from stormproof.business.choices import Door
    from stormproof.business.services.document import CannotApplyDocument, apply_document, plan_of
    from stormproof.core.clock import now

    text = _read(file)
    try:
        found = plan_of(text)
        if found.entries and not yes:
            _ask(found, file=file, as_json=as_json)
        done = apply_document(text, door=Door.COMMAND, expecting=found.fingerprint, actor=operator(), at=now())
    except CannotApplyDocument as refused:
        _show_faults(file, refused, as_json=as_json)
        raise typer.Exit(FAULTY) from None
    number = done.revision.number if done.revision else None
    words = f"[green]Applied[/] as revision {number}: {done.plan.summary}" if number else done.plan.summary
    if yes and not as_json and done.plan.entries:
        out.print(plan_in_words(done.plan))
    show({**done.plan.as_data(), "revision": number}, as_json=as_json, text=words)


@commands.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
) -> None:
    """Write the whole business as a continuity.yaml; applying it again changes nothing."""
    use_database()
    from stormproof.business.document.planning import export_document

    _write(export_document(), output)


@commands.command()
def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
) -> None:
    """Print the JSON Schema of continuity.yaml, for editors that complete and check as you type."""
    set_up_django()
    from stormproof.business.document.schema import schema_text

    _write(schema_text(), output)


@commands.command()
def init(  # noqa: PLR0917  (each is a word on the command line)
    address: Annotated[str, typer.Argument(help="The shop's address, such as https://shop.example")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to save.")] = Path("continuity.yaml"),
    mail: Annotated[str, typer.Option(help="Whom to page: an e-mail address.")] = "",
    time_zone: Annotated[str, typer.Option(help="The shop's own zone, such as Europe/Berlin.")] = "",
    yearly: Annotated[str, typer.Option(help="What the shop earns in a year, such as 1.2M.")] = "",
    ignore_robots: Annotated[bool, typer.Option("--ignore-robots", help="It is my shop: look at all of it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Save without asking.")] = False,
    apply_now: Annotated[bool, typer.Option("--apply", help="Also put it under care at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a shop as a visitor would and write a starter continuity.yaml; shows what it found and asks first."""
    use_database()
    from stormproof.business.document.starter import Wishes
    from stormproof.business.services.discovery import propose_from_shop
    from stormproof.core.clock import now

    wishes = Wishes(mail=mail, time_zone=time_zone or _own_zone(), yearly=yearly)
    say = (lambda _: None) if as_json else (lambda url: err.print(f"looking at {url}", markup=False))
    found = propose_from_shop(
        address, wishes=wishes, obey_robots=not ignore_robots, say=say, actor=operator(), at=now()
    )
    if as_json and not yes:
        show({**found.findings.as_data(), "document": found.text}, as_json=True, text="")
        return
    if not as_json:
        out.print(findings_in_words(found.findings))
    _save(found.text, output, yes=yes)
    if as_json:
        show({**found.findings.as_data(), "saved": str(output)}, as_json=True, text="")
    if apply_now:
        apply(output, yes=yes, as_json=False)
    elif not as_json:
        out.print(f"Next: look into {output}, then [bold]stormproof apply {output}[/]")


def findings_in_words(found: Findings) -> str:
    """What a visit found, as text."""
    from rich.markup import escape

    lines = [f"\n[bold]{escape(found.name)}[/]  {escape(found.address)}"]
    for role in ("home", "product", "basket", "checkout", "search"):
        page = found.pages.get(role)
        words = f"{escape(page.url)}  [dim]{escape(page.how)}[/]" if page else "[yellow]not found[/]"
        lines.append(f"  {role:10} {words}")
    if found.certificate:
        seen = found.certificate
        words = seen.fault or f"by {seen.issuer}, until {seen.ends_at:%Y-%m-%d}"
        lines.append(f"  {'certificate':10} {escape(words)}")
    lines.append(f"  {'name':10} {escape(found.host)} is {', '.join(found.addresses) or 'not resolved'}")
    for supplier in found.suppliers:
        lines.append(f"  {supplier.service:10} {escape(supplier.name)}  [dim]{escape(supplier.evidence)}[/]")
    if found.other_hosts:
        lines.append(f"  [dim]other hosts in the pages: {escape(', '.join(found.other_hosts[:12]))}[/]")
    lines += [f"  [yellow]{escape(note)}[/]" for note in found.notes]
    return "\n".join([*lines, ""])


def _save(text: str, output: Path, *, yes: bool) -> None:
    from stormproof.core.refusals import Refused

    if not yes and not sys.stdin.isatty():
        raise Refused(
            "init asks before it saves, and nobody can answer here", hint="Say --yes, or --json to only look."
        )
    if output.exists() and yes:
        raise Refused(f"{output} is there already", hint="Name another with --output, or remove it.")
    question = f"{output} is there already. Replace it?" if output.exists() else f"Save this as {output}?"
    if not yes and not typer.confirm(question, default=not output.exists()):
        out.print("Nothing was saved.")
        raise typer.Exit(FAULTY)
    output.write_text(text)
    err.print(f"Saved {output}", markup=False)


def _own_zone() -> str:
    """The zone of this machine, as Debian writes it; UTC when it says none that we know."""
    from zoneinfo import available_timezones

    file = Path("/etc/timezone")
    name = file.read_text().strip() if file.exists() else ""
    return name if name in available_timezones() and name != "Etc/UTC" else "UTC"


def operator() -> Actor:
    """Who types: whoever can run commands on this machine's database may do everything; facts carry the account."""
    from stormproof.core.actor import Actor

    account = getpass.getuser()
    return Actor(key=f"command:{account}", name=f"{account} (command line)", permissions=frozenset(), is_system=True)


def plan_in_words(found: Plan) -> str:
    """A plan as coloured text, one block for each thing."""
    from rich.markup import escape

    from stormproof.business.document.checking import hide_passwords

    colours = {"add": "green", "change": "yellow", "remove": "red"}
    lines: list[str] = []
    for entry in found.entries:
        lines.append(f"[{colours[entry.action]}]{entry.sign} {escape(entry.path)}[/]")
        for change in entry.fields if entry.action != "remove" else ():
            before, after = (escape(hide_passwords(_short(value))) for value in (change.before, change.after))
            words = f"{before} [dim]->[/] {after}" if entry.action == "change" else after
            lines.append(f"    {escape(change.field)}: {words}" if change.field else f"    {words}")
    return "\n".join([*lines, *([""] if lines else []), f"[bold]{found.summary}[/]"])


def _short(value: object) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\n", " ")
    return text if len(text) <= 160 else f"{text[:150]} ... ({len(text)} characters)"


def _read(file: Path) -> bytes:
    from stormproof.business.document.reading import LARGEST_BYTES
    from stormproof.core.refusals import Refused

    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(LARGEST_BYTES + 1)
        with file.open("rb") as source:
            return source.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise Refused(
            f"{file}: {error.strerror}", hint="Make one: stormproof init https://your.shop, or stormproof export"
        ) from error


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text)
        out.print(f"Wrote {output}")


def _ask(found: Plan, *, file: Path, as_json: bool) -> None:
    from stormproof.core.refusals import Refused

    if as_json or not sys.stdin.isatty():
        raise Refused("apply asks before it changes anything, and nobody can answer here", hint="Say --yes.")
    out.print(plan_in_words(found))
    if not typer.confirm(f"\nApply {file}?"):
        out.print("Nothing was changed.")
        raise typer.Exit(FAULTY)


def _show_faults(file: Path, refused: CannotApplyDocument, *, as_json: bool) -> None:
    from dataclasses import asdict

    from rich.markup import escape

    data = {"error": refused.message, "hint": refused.hint, "findings": [asdict(one) for one in refused.findings]}
    lines = [f"[red]Error:[/] {escape(refused.message)}", escape(refused.hint)] if not refused.findings else []
    for one in refused.findings:
        place = f"{file}:{one.line}" if one.line else str(file)
        lines.append(f"[bold]{escape(place)}[/]  [red]{escape(one.field)}[/]  {escape(one.message)}")
        if one.value and repr(one.value) not in one.message:
            lines.append(f"    it says: {escape(one.value)}")
        if one.hint:
            lines.append(f"    [dim]{escape(one.hint)}[/]")
    if refused.findings:
        count = len(refused.findings)
        lines.append(f"\n[red]{count} {'fault' if count == 1 else 'faults'}.[/] Nothing was changed.")
    show(data, as_json=as_json, text="\n".join(lines))
