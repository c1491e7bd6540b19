"""Commands on incidents: list them, show one, acknowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stormproof.cli.ready import show, use_database

if TYPE_CHECKING:
    from stormproof.respond.models import Incident
    from stormproof.respond.selectors import Situation

commands = typer.Typer()
incidents = typer.Typer(no_args_is_help=True, help="Incidents: list them, show one, acknowledge.")
commands.add_typer(incidents, name="incidents")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
Number = Annotated[str, typer.Argument(help="The incident: 147 or INC-147.")]


@incidents.command("list")
def list_incidents(
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False, as_json: AsJson = False
) -> None:
    """List the incidents that are not resolved, newest first."""
    use_database()
    from stormproof.respond.selectors import incident_list

    found = list(incident_list(_operator(), state="" if every else "unresolved"))
    lines = [
        f"{one.label}  SEV{one.severity}  {one.state:<12}  {one.impact_started_at:%Y-%m-%d %H:%M}Z  {one.title}"
        for one in found
    ]
    empty = "No incidents." if every else "Nothing is broken that Stormproof knows of."
    show([_data(one) for one in found], as_json=as_json, text="\n".join(lines) or empty)


@incidents.command("show")
def show_incident(number: Number, as_json: AsJson = False) -> None:
    """Show one incident: what is broken, since when, what it costs, what was done."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.respond.selectors import situation_of, timeline_of

    incident = _incident(number)
    situation = situation_of(incident, now())
    entries = list(timeline_of(incident))
    timeline = [{"at": entry.at, "kind": entry.kind, "by": entry.author_name, "text": entry.text} for entry in entries]
    show({**_figures(situation), "timeline": timeline}, as_json=as_json, text=_words(situation, timeline))


@incidents.command("ack")
def acknowledge(number: Number, as_json: AsJson = False) -> None:
    """Say that somebody is on it: the paging stops."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.respond.services import acknowledge_incident

    incident = acknowledge_incident(_incident(number), actor=_operator(), at=now())
    show(_data(incident), as_json=as_json, text=f"{incident.label} is acknowledged.")


@incidents.command("report")
def report(number: Number, as_json: AsJson = False) -> None:
    """Print the whole incident as Markdown (or data): moments, roles, tasks, timeline."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.respond.selectors import markdown_of_incident, report_of

    incident, at = _incident(number), now()
    if as_json:
        show(report_of(incident, at), as_json=True, text="")
    else:
        typer.echo(markdown_of_incident(incident, at))


def _operator() -> Any:
    from stormproof.cli.business import operator

    return operator()


def _incident(number: str) -> Incident:
    from stormproof.core.refusals import Refused
    from stormproof.respond.selectors import incident_numbered

    digits = number.upper().removeprefix("INC-")
    if not digits.isdecimal():
        raise Refused(f"{number!r} is no incident", hint="Write its number: 147 or INC-147.")
    return incident_numbered(_operator(), int(digits))


def _data(incident: Incident) -> dict[str, Any]:
    names = ("number", "title", "severity", "state", "is_drill", "impact_started_at", "acknowledged_at", "resolved_at")
    cause = incident.root_node.slug if incident.root_node else None
    return {"label": incident.label, **{name: getattr(incident, name) for name in names}, "root_cause": cause}


def _figures(situation: Situation) -> dict[str, Any]:
    clock = situation.clock
    return {
        **_data(situation.incident),
        "functions": [node.slug for node in situation.functions],
        "revenue_per_minute": float(round(situation.per_minute, 2)),
        "revenue_so_far": float(round(situation.so_far, 2)),
        "currency": situation.currency,
        "rto_deadline": clock.deadline if clock else None,
        "rto_broken": clock.is_broken if clock else None,
        "paged": [str(page.person) for page in situation.paged],
        "procedures_ready": [step.procedure.slug for step in situation.ready],
    }


def _words(situation: Situation, timeline: list[dict[str, Any]]) -> str:
    from rich.markup import escape

    incident, clock = situation.incident, situation.clock
    cause = escape(str(incident.root_node or "not known"))
    why = escape(incident.severity_reason)
    lines = [
        f"[bold]{escape(str(incident))}[/]  SEV{incident.severity} ({why})  {incident.state}",
        f"Since {incident.impact_started_at:%Y-%m-%d %H:%M:%S}Z, cause: {cause}",
        f"{situation.so_far:.2f} {situation.currency} so far, {situation.per_minute:.2f} a minute",
    ]
    if clock:
        lines.append(
            f"RTO of {escape(str(clock.node))}: {clock.deadline:%H:%M:%S}Z{', broken' if clock.is_broken else ''}"
        )
    lines += ["", *(f"{line['at']:%H:%M:%S}Z  {escape(line['by'])}: {escape(line['text'])}" for line in timeline)]
    return "\n".join(lines)
