"""Approval by the signed link of a mail: looking changes nothing, only the button does."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from stormproof.core.actor import NotAllowed
from stormproof.core.clock import now
from stormproof.core.refusals import Refused
from stormproof.recover import selectors, services
from stormproof.recover.choices import Answer
from stormproof.recover.services import approvals
from stormproof.web.requests import Request


@login_not_required
@require_http_methods(["GET", "POST"])
def by_link(request: Request, link: str) -> HttpResponseBase:
    """Show the one named in the link what they are asked, and take their word."""
    try:
        row, actor = approvals.read_link(link)
    except services.CannotApprove as refusal:
        return render(request, "recover/approve.html", {"fault": refusal}, status=422)
    context: dict[str, object] = {"run": row.run, "row": row, "actor": actor, "link": link}
    try:
        if request.method == "POST":
            decision = request.POST.get("decision", "")
            services.approve_step(
                row.run,
                step=row.step,
                decision=decision,
                note=request.POST.get("note", ""),
                via="link",
                actor=actor,
                at=now(),
            )
            said = "You approved it." if decision == Answer.APPROVED else "You refused it."
            return render(request, "recover/approve.html", {**context, "said": said})
        context["wanted"] = approvals.approval_wanted(row.run, row.step)
        context["board"] = selectors.board_of(row.run, at=now())
        context["is_open"] = row.is_asked
    except (NotAllowed, Refused) as refusal:
        return render(request, "recover/approve.html", {**context, "fault": refusal}, status=422)
    return render(request, "recover/approve.html", context)
