"""Approvals: who is asked, how they say yes or no, and when it is enough."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction

from stormproof.core.actor import Actor
from stormproof.core.env import env
from stormproof.core.facts import tell
from stormproof.core.outbox import post_message
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from stormproof.recover.choices import Answer, Question
from stormproof.recover.facts import StepApproved
from stormproof.recover.kinds.approve import ApproveShape
from stormproof.recover.kinds.registry import shown
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.models import Approval, Run, StepRun
from stormproof.recover.services.answers import CannotAnswer, asked_row, take_answer

SALT = "recover.approve"
LIFE_OF_LINK = timedelta(hours=24)


class CannotApprove(CannotAnswer):
    """This person's word does not count here, or counts no second time."""


@transaction.atomic
def approve_step(
    run: Run, *, step: str, decision: str, note: str = "", via: str = "page", actor: Actor, at: datetime
) -> None:
    """Say yes (`approved`) or no (`refused`) to `step`; one no is enough, a yes counts towards the number wanted.

    Raises `CannotApprove` for one who is not asked, who started the run where a second person is wanted, or who has
    decided already; `CannotAnswer` when no approval is asked; `NotAllowed`.
    """
    actor.require("recover.approve")
    if decision not in (Answer.APPROVED, Answer.REFUSED):
        raise CannotApprove(f"{decision!r} is no decision", field="decision", hint="Say approved or refused.")
    row = asked_row(run, step)
    if row.question != Question.APPROVE:
        raise CannotAnswer(f"{step} does not ask for approval")
    wanted = approval_wanted(run, step)
    fault = fault_of_approver(run, wanted, actor)
    if fault:
        raise CannotApprove(fault)
    _write_decision(row, decision=decision, note=note, via=via, actor=actor, at=at)
    tell(StepApproved(run_id=run.pk, step=step, decision=decision), at=at, actor=actor)
    given = row.approvals.filter(decision=Answer.APPROVED).count()
    if decision == Answer.REFUSED or given >= wanted.count:
        take_answer(run, row, answer=decision, note=note, actor=actor, at=at)


def _write_decision(row: StepRun, *, decision: str, note: str, via: str, actor: Actor, at: datetime) -> None:
    who = f"user:{actor.user_id}" if actor.user_id else actor.key
    try:
        with transaction.atomic():
            row.approvals.create(
                actor=who, actor_name=actor.name, decision=decision, via=via, note=note[:4000], decided_at=at
            )
    except IntegrityError as error:
        raise CannotApprove(f"{actor.name} has decided already") from error


def approval_wanted(run: Run, step: str) -> ApproveShape:
    """What the step asks for, with its parameters put in."""
    with_ = shown(ProcedureShape.model_validate(run.definition).step(step), run.parameters).with_
    if not isinstance(with_, ApproveShape):
        raise CannotAnswer(f"{step} does not ask for approval")
    return with_


def fault_of_approver(run: Run, wanted: ApproveShape, actor: Actor) -> str:
    """Why this actor's word does not count for the step, or ""."""
    if wanted.second_person and actor.user_id is not None and actor.user_id == run.started_by_user_id:
        return f"{actor.name} started this run: a second person must approve"
    if wanted.second_person and actor.user_id is None:
        return "a person must approve this, not a program"
    if wanted.is_open or actor.user_id in {user.pk for user in approvers_of(wanted)}:
        return ""
    return f"{actor.name} is not among those who may approve this"


def approvers_of(wanted: ApproveShape) -> list[User]:
    """The active people the step names, by address, team or role."""
    users = User.objects.filter(is_active=True)
    found = users.none()
    if wanted.people:
        found = found | users.filter(email__in=[email.lower() for email in wanted.people])
    if wanted.role:
        found = found | users.filter(roles__contains=[wanted.role])
    people = {user.pk: user for user in found}
    if wanted.team:
        members = users.filter(memberships__team__slug=wanted.team, memberships__team__retired_at__isnull=True)
        people |= {user.pk: user for user in members}
    return [people[key] for key in sorted(people)]


def invite_approvers(run: Run, row: StepRun, wanted: ApproveShape, *, at: datetime) -> list[User]:
    """Mail each person the step names a link of their own, in the caller's transaction; whom it invited."""
    invited = [user for user in approvers_of(wanted) if not fault_of_approver(run, wanted, actor_for(user))]
    for user in invited:
        address = f"{env.public_url}/approve/{link_for(row, user)}"
        question = wanted.question or f"May {run.procedure_name} go on with {row.step}?"
        text = (
            f"{question}\n\nProcedure: {run.procedure_name}\nOn: {run.node}\nStarted by: {run.started_by_name}\n"
            f"Mode: {run.mode}\n\nSay yes or no here (works for 24 hours, once):\n{address}\n"
        )
        mail = {"subject": f"Approval wanted: {run.procedure_name}", "text": text}
        post_message(
            channel="email",
            address=user.email,
            payload=mail,
            key=f"approval:{row.pk}:{user.pk}",
            at=at,
            about=f"run:{run.pk}",
        )
    return invited


def link_for(row: StepRun, user: User) -> str:
    """The part of a link that lets one person decide one step."""
    return signing.dumps({"row": row.pk, "user": user.pk}, salt=SALT)


def read_link(link: str) -> tuple[StepRun, Actor]:
    """The step and the person a link is for; raises `CannotApprove` for one that is forged, old or void."""
    try:
        said = signing.loads(link, salt=SALT, max_age=LIFE_OF_LINK)
    except signing.SignatureExpired as error:
        raise CannotApprove("this link has expired", hint="Open the run and decide there.") from error
    except signing.BadSignature as error:
        raise CannotApprove("this link is not valid", hint="Copy it whole from the mail.") from error
    row = StepRun.objects.filter(pk=said["row"]).select_related("run__procedure", "run__node").first()
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    if row is None or user is None:
        raise CannotApprove("this link leads to nothing any more")
    return row, actor_for(user)


def decisions_on(row: StepRun) -> list[Approval]:
    """Who has decided on the step, first to last."""
    return list(row.approvals.all())
