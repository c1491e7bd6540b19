"""Commands on external alerts: list, acknowledge, end and silence them, and let other systems deliver."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from stormproof.cli.ready import show, use_database

commands = typer.Typer()
alerts = typer.Typer(no_args_is_help=True, help="Alerts of other systems: list, acknowledge, end, silence.")
integrations = typer.Typer(no_args_is_help=True, help="Other systems that deliver alerts: list them, add one.")
commands.add_typer(alerts, name="alerts")
commands.add_typer(integrations, name="integrations")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
Ids = Annotated[list[int], typer.Argument(help="The numbers of the alerts, as `stormproof alerts list` shows them.")]
SEVERITIES = {1: "critical", 2: "error", 3: "warning", 4: "info"}


@alerts.command("list")
def list_alerts(  # noqa: PLR0917  (options are given by name)
    state: Annotated[str, typer.Option(help="open, acknowledged or closed; empty: all that are not over.")] = "",
    severity: Annotated[int | None, typer.Option(help="1 (critical) to 4 (info).")] = None,
    source: Annotated[str, typer.Option(help="The short name of an integration.")] = "",
    node: Annotated[str, typer.Option(help="The short name of a node.")] = "",
    label: Annotated[str, typer.Option(help="A label, as service=checkout.")] = "",
    search: Annotated[str, typer.Option(help="Beginnings of words.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts of other systems, the gravest and newest first."""
    use_database()
    from stormproof.respond.selectors import AlertFilter, alert_page

    asked = AlertFilter(state=state, severity=severity, source=source, node=node, label=label, words=search)
    page = alert_page(_operator(), asked, size=limit)
    rows: list[dict[str, Any]] = [
        {
            "id": one.pk,
            "severity": SEVERITIES[one.severity],
            "state": one.state,
            "name": one.name,
            "service": one.service,
            "node": one.node.slug,
            "source": one.integration.slug,
            "count": one.count,
            "last_seen_at": one.last_seen_at,
            "silenced": one.silence_id is not None,
            "inhibited": one.inhibited_by_id is not None,
        }
        for one in page.rows
    ]
    lines = [
        f"{row['id']:>8}  {row['severity']:<8}  {row['state']:<12}  {row['last_seen_at']:%Y-%m-%d %H:%M}Z  "
        f"{row['name']}  {row['service']}"
        for row in rows
    ]
    more = "\nThere are more; narrow the list or use --limit." if page.after else ""
    show(rows, as_json=as_json, text=("\n".join(lines) or "No other system reports anything.") + more)


@alerts.command("ack")
def acknowledge(ids: Ids, as_json: AsJson = False) -> None:
    """Say that somebody has seen these alerts: they are not told again."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.respond.services import acknowledge_alerts

    count = acknowledge_alerts(ids, actor=_operator(), at=now())
    show({"changed": count}, as_json=as_json, text=f"{count} acknowledged.")


@alerts.command("end")
def end(ids: Ids, as_json: AsJson = False) -> None:
    """End alerts by hand, for systems that never say that it is over."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.respond.services import end_alerts

    count = end_alerts(ids, actor=_operator(), at=now())
    show({"changed": count}, as_json=as_json, text=f"{count} ended.")


@alerts.command("silence")
def silence(
    matchers: Annotated[
        list[str], typer.Argument(help="Conditions that all must hold: 'service=checkout' 'host~web*'.")
    ],
    reason: Annotated[str, typer.Option(help="Why; whoever misses the alert will read it.")],
    lasts: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 3d.")] = "2h",
    as_json: AsJson = False,
) -> None:
    """Keep alerts that match quiet for a time."""
    use_database()
    from stormproof.core.clock import now
    from stormproof.core.document import read_duration
    from stormproof.core.refusals import Refused
    from stormproof.respond.rules.routing import read_matchers
    from stormproof.respond.services import create_silence

    at = now()
    try:
        conditions, seconds = read_matchers("\n".join(matchers)), read_duration(lasts)
    except ValueError as error:
        raise Refused(str(error)) from error
    made = create_silence(
        matchers=conditions,
        reason=reason,
        starts_at=at,
        ends_at=at + timedelta(seconds=seconds),
        actor=_operator(),
        at=at,
    )
    show({"id": made.pk, "ends_at": made.ends_at}, as_json=as_json, text=f"Silent until {made.ends_at:%H:%M}Z.")


@integrations.command("list")
def list_integrations(as_json: AsJson = False) -> None:
    """List the systems that may deliver alerts."""
    use_database()
    from stormproof.respond import selectors

    rows = [
        {
            "slug": one.slug,
            "name": one.name,
            "kind": one.kind,
            "node": one.node.slug,
            "is_enabled": one.is_enabled,
            "last_received_at": one.last_received_at,
            "last_error": one.last_error,
        }
        for one in selectors.integrations(_operator())
    ]
    lines = [f"{row['slug']:<24}  {row['kind']:<14}  {row['node']:<24}  {row['last_error']}".rstrip() for row in rows]
    show(rows, as_json=as_json, text="\n".join(lines) or "No integration yet: stormproof integrations add --help")


@integrations.command("add")
def add_integration(  # noqa: PLR0917
    kind: Annotated[str, typer.Argument(help="alertmanager, grafana, sentry, datadog, pagerduty, cloudevents ...")],
    node: Annotated[str, typer.Option(help="The node its alerts are about when nothing else fits.")],
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    slug: Annotated[str, typer.Option(help="Its short name.")] = "",
    rate: Annotated[int, typer.Option(help="Deliveries a minute at most.")] = 6000,
    as_json: AsJson = False,
) -> None:
    """Let another system deliver alerts, and print its address, which is not shown again."""
    use_database()
    from stormproof.business.selectors import node_by_slug
    from stormproof.core.clock import now
    from stormproof.core.env import env
    from stormproof.respond.services import create_integration

    made, key = create_integration(
        slug=slug or kind,
        name=name or kind.capitalize(),
        kind=kind,
        node=node_by_slug(node),
        rate_per_minute=rate,
        actor=_operator(),
        at=now(),
    )
    url = f"{env.taking_url}/in/{key}"
    show({"slug": made.slug, "url": url}, as_json=as_json, text=f"{made.name} delivers to\n{url}")


def _operator() -> Any:
    from stormproof.cli.business import operator

    return operator()
