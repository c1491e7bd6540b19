"""Commands of `people`: who there is, inviting somebody, API tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from stormproof.cli.ready import fail, set_up_django, show, use_database

commands = typer.Typer()
people = typer.Typer(no_args_is_help=True, help="Who may sign in, and as what.")
token = typer.Typer(no_args_is_help=True, help="API tokens: keys for programs.")
commands.add_typer(people, name="people")
commands.add_typer(token, name="token")

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@people.command("list")
def list_people(as_json: AsJson = False) -> None:
    """List everybody with roles and state."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.people.selectors import people_list

    everybody = list(people_list(SYSTEM))
    rows = [
        {
            "email": person.email,
            "name": person.name,
            "roles": person.roles,
            "state": "off" if not person.is_active else "active" if person.accepted_at else "invited",
            "seen_at": person.seen_at,
        }
        for person in everybody
    ]
    lines = [
        f"{row['state']:<8} {row['email']:<34} {', '.join(each.roles)}"
        for row, each in zip(rows, everybody, strict=True)
    ]
    show(rows, as_json=as_json, text="\n".join(lines) or "Nobody yet: `stormproof up` prints the set-up link.")


@people.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="Where the invitation goes.")],
    role: Annotated[
        list[str],
        typer.Option(help="admin, continuity_manager, responder, support_agent, employee or auditor; may be repeated."),
    ],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Invite a person: a mail with a link to choose a password, good for seven days."""
    use_database()
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.people.services import invite_user

    person = invite_user(email, roles=role, name=name, actor=SYSTEM, at=now())
    said = {"id": person.pk, "email": person.email, "roles": person.roles}
    show(said, as_json=as_json, text=f"An invitation to {person.email} waits in the outbox.")


@token.command("issue")
def issue(
    owner: Annotated[str, typer.Argument(help="The e-mail address of the person the token acts for.")],
    scope: Annotated[list[str], typer.Option(help="A permission such as watch.read; may be repeated.")],
    name: Annotated[str, typer.Option(help="What will use it.")] = "command line",
    days: Annotated[int, typer.Option(help="Days until it stops working; 0 for never.", min=0)] = 90,
    as_json: AsJson = False,
) -> None:
    """Issue an API token and print its value, once. It may never do more than its owner."""
    use_database()
    from datetime import timedelta

    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.people.selectors import people_by_email
    from stormproof.people.services import issue_token

    at = now()
    person = people_by_email([owner]).get(owner.lower())
    if person is None:
        raise fail(f"There is nobody with the address {owner}", hint="`stormproof people list` shows everybody.")
    end = at + timedelta(days=days) if days else None
    made, raw = issue_token(person, name=name, scopes=scope, expires_at=end, actor=SYSTEM, at=at)
    said = {"token": raw, "id": made.pk, "scopes": made.scopes, "expires_at": end}
    show(said, as_json=as_json, text=raw)


@people.command("permissions")
def permissions(as_json: AsJson = False) -> None:
    """Show what each role may do."""
    set_up_django()
    from stormproof.people.choices import Role
    from stormproof.people.rules import PERMISSIONS_OF_ROLE

    rows = {role.value: sorted(PERMISSIONS_OF_ROLE[role]) for role in Role}
    show(rows, as_json=as_json, text="\n".join(f"{role}: {', '.join(may) or 'nothing'}" for role, may in rows.items()))
