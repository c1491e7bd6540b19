"""Commands on being on call."""

from __future__ import annotations

from typing import Annotated

import typer

from stormproof.cli.ready import show, use_database

commands = typer.Typer()
on_call = typer.Typer(no_args_is_help=True, help="On call: who is, and who comes next.")
commands.add_typer(on_call, name="on-call")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@on_call.command("now")
def who_is_on_call(as_json: AsJson = False) -> None:
    """Say who is on call now in each schedule, until when, and who comes next."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.respond.selectors import schedules_for, standings

    found = standings(list(schedules_for(SYSTEM)), at=now())
    data = [
        {
            "schedule": one.schedule.slug,
            "person": one.person.email if one.person else None,
            "until": one.until,
            "next_person": one.next_person.email if one.next_person else None,
        }
        for one in found
    ]
    lines = [
        f"{one.schedule.name}: {one.person or 'nobody'}"
        + (f" until {one.until:%Y-%m-%d %H:%M}Z, then {one.next_person or 'nobody'}" if one.until else "")
        for one in found
    ]
    show(data, as_json=as_json, text="\n".join(lines) or "There is no on-call schedule.")
