"""Commands of `recover`: list procedures, start, follow and answer runs, set and release the stop switch."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from stormproof.cli.business import operator
from stormproof.cli.ready import fail, out, show, use_database

commands = typer.Typer()
procedures = typer.Typer(no_args_is_help=True, help="What brings things back, step by step.")
run = typer.Typer(no_args_is_help=True, help="Runs of procedures: start one, see what it does, answer its questions.")
commands.add_typer(procedures, name="procedures")
commands.add_typer(run, name="run")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
Id = Annotated[int, typer.Argument(help="The number of the run.")]
COLOURS = {"done": "green", "failed": "red", "unknown": "yellow", "waiting_human": "yellow", "started": "blue"}
COLOURS |= {"running": "blue", "waiting": "yellow", "held": "yellow", "aborted": "yellow", "undone": "yellow"}


@procedures.command("list")
def list_procedures(as_json: AsJson = False) -> None:
    """List the procedures with what they recover."""
    use_database()
    from stormproof.recover.selectors import procedure_list

    rows = [
        {
            "slug": found.slug,
            "name": found.name,
            "recovers": found.node.slug,
            "start": found.start,
            "steps": len(found.definition["steps"]),
            "version": found.version,
        }
        for found in procedure_list(operator())
    ]
    lines = [f"{row['slug']:<28} {row['start']:<10} {row['recovers']:<22} {row['name']}" for row in rows]
    empty = "No procedures yet: write them under procedures: in continuity.yaml and apply it."
    show(rows, as_json=as_json, text="\n".join(lines) or empty)


@procedures.command("dry-run")
def dry_run(slug: Annotated[str, typer.Argument(help="The procedure.")]) -> None:
    """Say what a run would do now. Touches nothing."""
    use_database()
    from stormproof.recover.selectors import preview_of, procedure_for

    preview = preview_of(procedure_for(operator(), slug))
    for number, one in enumerate(preview.steps, start=1):
        out.print(f"{number}. {one.step.title}: {one.fault or one.dry_run}", markup=False)
    for fault in preview.faults:
        raise fail(fault)


@run.command()
def start(
    slug: Annotated[str, typer.Argument(help="The procedure.")],
    *,
    drill: Annotated[bool, typer.Option("--drill", help="Part of an exercise, not the real thing.")] = False,
    reference: Annotated[str, typer.Option(help="On whose behalf, such as incident:12.")] = "",
    value: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as name=value.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end; exit code 1 unless it is done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a run, after saying what it would do. A worker takes it up within a second."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.recover.selectors import preview_of, procedure_for
    from stormproof.recover.services import start_run

    actor = operator()
    found = procedure_for(actor, slug)
    if not yes:
        for number, one in enumerate(preview_of(found).steps, start=1):
            out.print(f"{number}. {one.fault or one.dry_run}", markup=False)
        typer.confirm(f"Start {found.name} on {found.node} now?", abort=True, err=True)
    parameters: dict[str, str | None] = dict(_pair(text) for text in value or [])
    mode = "drill" if drill else "real"
    begun = start_run(found, reference=reference, mode=mode, parameters=parameters, actor=actor, at=now())
    if wait:
        _follow(begun.pk)
    _show(begun.pk, as_json=as_json)
    if wait and _run(begun.pk).state != "done":
        raise typer.Exit(1)


@run.command("show")
def show_run(id: Id, as_json: AsJson = False) -> None:
    """Show a run and every attempt at its steps."""
    use_database()
    _show(id, as_json=as_json)


@run.command()
def answer(
    id: Id,
    step: Annotated[str, typer.Argument(help="The step that asks.")],
    say: Annotated[
        str,
        typer.Argument(help="happened, did_not_happen, retry, skip, undo, stop; approved or refused for an approval."),
    ],
    note: Annotated[str, typer.Option(help="What you saw, or why.")] = "",
) -> None:
    """Answer the question about a step; the run goes on at once."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.recover.services import answer_step, approve_step

    found = _run(id)
    if say in ("approved", "refused"):
        approve_step(found, step=step, decision=say, note=note, via="api", actor=operator(), at=now())
    else:
        answer_step(found, step=step, answer=say, note=note, actor=operator(), at=now())
    _show(id, as_json=False)


@run.command()
def abort(id: Id, reason: Annotated[str, typer.Option(help="Why.")] = "") -> None:
    """Stop a run: the step at work is ended and no other begins."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.recover.services import abort_run

    abort_run(_run(id), reason=reason, actor=operator(), at=now())
    out.print(f"Run {id} is being stopped.")


@run.command()
def switch(
    reason: Annotated[str, typer.Argument(help="Why.")],
    release: Annotated[bool, typer.Option("--release", help="Let runs go on.")] = False,
) -> None:
    """Keep every run from starting a new effect, or let them go on."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.recover.services import allow_effects, stop_effects

    (allow_effects if release else stop_effects)(reason=reason, actor=operator(), at=now())
    out.print("Runs go on." if release else "No run starts a new effect any more.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise fail(f"--set {text}: write it as name=value")
    return name, value


def _run(id: int) -> Any:
    from stormproof.recover.selectors import run_for

    return run_for(operator(), id)


def _follow(id: int) -> None:
    while _run(id).is_active:
        time.sleep(0.2)


def _show(id: int, *, as_json: bool) -> None:
    from rich.markup import escape

    from stormproof.core.clock import now
    from stormproof.recover.selectors import run_times

    found = _run(id)
    times = run_times(found, at=now())
    rows = list(found.journal.order_by("id"))
    kept = ("step", "direction", "attempt", "state", "started_at", "ended_at", "output", "question", "answer", "note")
    data = {
        "id": found.pk,
        "procedure": found.procedure.slug,
        "recovers": found.node.slug,
        "state": found.state,
        "mode": found.mode,
        "reference": found.reference,
        "reason": found.reason,
        "human_s": round(times.human_s, 3),
        "machine_s": round(times.machine_s, 3),
        "journal": [{key: getattr(row, key) for key in kept} for row in rows],
    }
    what = escape(f"{found.procedure_name} on {found.node}")
    lines = [f"Run {found.pk}: {what}: [{COLOURS[found.state]}]{found.state}[/]"]
    for row in rows:
        colour = COLOURS.get(row.state, "bright_black")
        lines.append(
            f"  [{colour}]{row.state:<14}[/] {row.direction:<4} {row.step:<20} #{row.attempt} {escape(row.note)}"
        )
        if row.is_asked:
            lines.append(f"  {row.get_question_display()} Say: stormproof run answer {found.pk} {row.step} ...")
    show(data, as_json=as_json, text="\n".join(lines))
