"""Commands of planned work: list the windows, plan one, end it, call it off."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from stormproof.cli.ready import fail, show, use_database

maintenance = typer.Typer(no_args_is_help=True, help="Planned work: when monitors tell nothing.")
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
Many = list[str]


@maintenance.command("list")
def list_windows(as_json: AsJson = False) -> None:
    """List the windows and when each happens next."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.watch.rules import say_recurrence
    from stormproof.watch.selectors import windows
    from stormproof.watch.services.maintenance import describe_window, recurrence_of

    at = now()
    rows: list[dict[str, Any]] = [
        {
            "slug": window.slug,
            "name": window.name,
            "when": say_recurrence(recurrence_of(window)),
            "settings": describe_window(window),
            "next": [[one.starts_at.isoformat(), one.ends_at.isoformat()] for one in window.ahead[:5]],  # type: ignore[attr-defined]
        }
        for window in windows(SYSTEM, at=at)
    ]
    lines = [
        f"{row['slug']:<28} {row['when']:<60} next {row['next'][0][0] if row['next'] else 'never'}" for row in rows
    ]
    show(rows, as_json=as_json, text="\n".join(lines) or "No maintenance is planned.")


@maintenance.command("plan")
def plan(
    slug: Annotated[str, typer.Argument(help="The identifier of the window.")],
    *,
    starts: Annotated[
        str, typer.Option(help="Once: the start, such as '2026-12-01 02:00'; `now` begins at once.")
    ] = "",
    ends: Annotated[str, typer.Option(help="Once: the end.")] = "",
    at: Annotated[str, typer.Option(help="Again and again: the time of day, such as 02:00.")] = "",
    day: Annotated[Many | None, typer.Option(help="A weekday; may be repeated. Every day when left out.")] = None,
    cron: Annotated[str, typer.Option(help="Again and again: a cron line.")] = "",
    lasts: Annotated[str, typer.Option(help="How long, such as 1h.")] = "",
    zone: Annotated[str, typer.Option(help="The time zone; the shop's when left out.")] = "",
    node: Annotated[Many | None, typer.Option(help="A function, asset, supplier or site; may be repeated.")] = None,
    dependants: Annotated[bool, typer.Option("--dependants", help="Also what stops with the nodes.")] = False,
    monitor: Annotated[Many | None, typer.Option(help="A monitor; may be repeated.")] = None,
    tag: Annotated[Many | None, typer.Option(help="A tag; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All monitors.")] = False,
) -> None:
    """Plan maintenance, once or again and again."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.core.refusals import Refused
    from stormproof.watch.services.maintenance import plan_window, read_window

    moment = now()
    said = {
        "starts": moment.isoformat() if starts == "now" else starts, "ends": ends, "at": at, "days": day, "cron": cron,
        "lasts": lasts, "zone": zone, "nodes": node, "dependants": dependants, "monitors": monitor, "tags": tag,
        "everything": everything,
    }  # fmt: skip
    try:
        settings = read_window({key: value for key, value in said.items() if value})
        window = plan_window(slug, settings, actor=SYSTEM, at=moment)
    except Refused as refused:
        raise fail(refused.message, hint=refused.hint) from refused
    first = window.occurrences.order_by("starts_at").first()
    typer.echo(f"{slug} is planned, next from {first.starts_at:%Y-%m-%d %H:%M} UTC" if first else f"{slug} is planned")


@maintenance.command("end")
def end(
    slug: str,
    extend: Annotated[str, typer.Option(help="Give it more time instead, such as 30m.")] = "",
) -> None:
    """End the window that runs now, or extend it."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.core.document import read_duration
    from stormproof.core.refusals import NotFound, Refused
    from stormproof.watch.selectors import occurrence_for, window_for
    from stormproof.watch.services.maintenance import move_end_of_window

    at = now()
    try:
        occurrence = occurrence_for(window_for(SYSTEM, slug), at=at)
        until = occurrence.ends_at + timedelta(seconds=read_duration(extend)) if extend else at
        moved = move_end_of_window(occurrence, until=until, actor=SYSTEM, at=at)
    except (Refused, NotFound, ValueError) as refused:
        raise fail(str(refused)) from refused
    typer.echo(f"{slug} ends at {moved.ends_at:%Y-%m-%d %H:%M:%S} UTC")


@maintenance.command("call-off")
def call_off(slug: str) -> None:
    """A window happens no more."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.core.refusals import NotFound
    from stormproof.watch.selectors import window_for
    from stormproof.watch.services.maintenance import call_off_window

    try:
        call_off_window(window_for(SYSTEM, slug), actor=SYSTEM, at=now())
    except NotFound as missing:
        raise fail(str(missing)) from missing
    typer.echo(f"{slug} is called off")
