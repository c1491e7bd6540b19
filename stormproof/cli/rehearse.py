"""`stormproof rehearse`: break something on purpose and measure, from the command line."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stormproof.cli.business import operator
from stormproof.cli.ready import err, fail, show, use_database

if TYPE_CHECKING:
    from stormproof.rehearse.models import ExerciseRun

commands = typer.Typer()
rehearse = typer.Typer(no_args_is_help=True, help="Exercises: break something on purpose, and measure how it goes.")
commands.add_typer(rehearse, name="rehearse")

PICKED_UP_WITHIN_SECONDS = 20.0
POLL_SECONDS = 0.3

Name = Annotated[str, typer.Argument(help="The exercise, as continuity.yaml names it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@rehearse.command("list")
def list_exercises(as_json: AsJson = False) -> None:
    """List the exercises and how each went the last time."""
    use_database()
    from stormproof.rehearse.selectors import exercise_list

    found: list[dict[str, Any]] = []
    for exercise in exercise_list(operator()):
        last = next(iter(exercise.runs.all()), None)
        result = {"run": last.pk, "outcome": last.outcome or last.phase, "rto_s": last.rto_s} if last else None
        found.append({"name": exercise.slug, "title": exercise.name, "target": exercise.target.slug, "last": result})
    lines = [f"{item['name']:28} {item['target']:16} {_last_in_words(item['last'])}" for item in found]
    show(found, as_json=as_json, text="\n".join(lines) or "No exercises yet: write some under `exercises:`.")


@rehearse.command("show")
def show_run(run: Annotated[int, typer.Argument(help="The number of the run.")], as_json: AsJson = False) -> None:
    """Show one run: phase, figures, gaps."""
    use_database()
    from stormproof.rehearse.selectors import exercise_run_for

    found = exercise_run_for(operator(), run)
    show(figures_of(found), as_json=as_json, text=_in_words(found))


@rehearse.command("run")
def run_exercise(
    name: Name,
    as_json: AsJson = False,
    attended: Annotated[
        bool, typer.Option("--attended", help="People take part: the exercise waits for their approvals.")
    ] = False,
) -> None:
    """Run an exercise and wait for its end. Exit status 0 only when every promise was kept."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.rehearse.selectors import exercise_for
    from stormproof.rehearse.services import start_exercise

    actor = operator()
    run = start_exercise(exercise_for(actor, name), is_attended=attended, actor=actor, at=now())
    try:
        _follow(run)
    except KeyboardInterrupt:
        _stop(run, "interrupted at the command line")
        _follow(run)
    run.refresh_from_db()
    show(figures_of(run), as_json=as_json, text=_in_words(run))
    raise typer.Exit(0 if run.has_passed else 1)


def figures_of(run: ExerciseRun) -> dict[str, Any]:
    """The figures of a run as data."""
    return {
        "name": run.exercise.slug,
        "run": run.pk,
        "passed": run.has_passed,
        "detect_s": run.detect_s,
        "decide_s": run.decide_s,
        "human_s": run.human_s,
        "machine_s": run.machine_s,
        "rto_s": run.rto_s,
        "orders_acknowledged": run.orders_acknowledged,
        "orders_lost": len(run.orders_lost),
        "failed_requests": run.failed_requests,
        "gaps": run.gaps,
    }


def _follow(run: ExerciseRun) -> None:
    """Say each phase as it comes, until the run is over."""
    began, said = time.monotonic(), ""
    while True:
        run.refresh_from_db()
        if run.phase != said:
            said = run.phase
            err.print(f"{time.monotonic() - began:6.1f} s  {run.get_phase_display()}", markup=False)
        if not run.is_live:
            return
        if not run.executor and time.monotonic() - began > PICKED_UP_WITHIN_SECONDS:
            _withdraw(run)
        time.sleep(POLL_SECONDS)


def _withdraw(run: ExerciseRun) -> None:
    _stop(run, "no worker took it up")
    raise fail(
        "No worker takes it up.", hint="Start Stormproof with `stormproof up`; the run ends when a worker comes."
    )


def _stop(run: ExerciseRun, reason: str) -> None:
    from stormproof.core.clock import now
    from stormproof.rehearse.services import CannotStopExercise, stop_exercise

    try:
        stop_exercise(run, reason=reason, actor=operator(), at=now())
    except CannotStopExercise as refused:
        err.print(refused.message, markup=False)


def _last_in_words(last: dict[str, Any] | None) -> str:
    if last is None:
        return "never run"
    seconds = f", recovered in {last['rto_s']:.1f} s" if last["rto_s"] is not None else ""
    return f"run {last['run']}: {last['outcome']}{seconds}"


def _in_words(run: ExerciseRun) -> str:
    figures = figures_of(run)
    head = f"{run.exercise.name}: {run.get_outcome_display() if run.outcome else run.get_phase_display()}"
    lines = [
        f"  {key:20} {json.dumps(value)}" for key, value in figures.items() if key not in ("name", "passed", "gaps")
    ]
    return "\n".join([head, *lines, *(f"  gap: {gap}" for gap in run.gaps)])
