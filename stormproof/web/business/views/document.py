"""continuity.yaml in the console: give one, see the difference, apply it; get it back; what was applied before."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.business.choices import Door
from stormproof.business.document.checking import hide_passwords
from stormproof.business.document.planning import export_document
from stormproof.business.document.schema import document_schema
from stormproof.business.selectors import revision_for, revisions_for
from stormproof.business.services.document import CannotApplyDocument, apply_document, plan_of
from stormproof.core.clock import now
from stormproof.web.business.forms import DocumentForm
from stormproof.web.requests import Request, acts, reads

READ, WRITE = "business.read", "business.write"


@reads(READ)
def document_page(request: Request) -> HttpResponse:
    """Where a continuity.yaml is given and taken."""
    return _page(request, DocumentForm())


@require_POST
@acts(WRITE)
def preview(request: Request) -> HttpResponse:
    """What applying this document would change, or every fault in it. Nothing is changed."""
    form = DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    source = form.source()
    text = source.decode("utf-8", errors="replace") if isinstance(source, bytes) else source
    shown = DocumentForm(initial={"text": text if len(text) < 500_000 else ""})
    try:
        plan = plan_of(source)
    except CannotApplyDocument as refused:
        return _page(request, shown, status=422, refused=refused)
    return _page(request, shown, plan=plan, entries=readable(plan.as_data()["entries"]), text=text)


@require_POST
@acts(WRITE)
def apply(request: Request) -> HttpResponse:
    """Carry out exactly the plan that was shown."""
    text = request.POST.get("text", "")
    try:
        done = apply_document(
            text, door=Door.PAGE, expecting=request.POST.get("expecting", ""), actor=request.actor, at=now()
        )
    except CannotApplyDocument as refused:
        return _page(request, DocumentForm(initial={"text": text}), status=422, refused=refused)
    if done.revision is None:
        messages.info(request, done.plan.summary)
        return redirect("document")
    messages.success(request, f"Applied as revision {done.revision.number}: {done.plan.summary}")
    return redirect("business")


@reads(READ)
def export(request: Request) -> HttpResponse:
    """The whole business as a file."""
    answer = HttpResponse(export_document(), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="continuity.yaml"'
    return answer


@reads(READ)
def revision_page(request: Request, number: int) -> HttpResponse:
    """A document that was applied: what it changed, and its text."""
    revision = revision_for(request.actor, number)
    context = {
        "revision": revision,
        "entries": readable(revision.changes),
        "text": hide_passwords(revision.text),
        "back_url": reverse("document"),
    }
    return render(request, "business/revision.html", context)


@login_not_required
def schema(request: HttpRequest) -> JsonResponse:
    """The JSON Schema, for editors; it says nothing about this shop."""
    answer = JsonResponse(document_schema(), json_dumps_params={"indent": 2})
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def readable(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a plan with their values as words."""
    return [
        {
            **entry,
            "fields": [
                {"field": one["field"], "before": _words(one["before"]), "after": _words(one["after"])}
                for one in entry["fields"]
            ],
        }
        for entry in entries
    ]


def _words(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _page(request: Request, form: DocumentForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "revisions": revisions_for(request.actor)[:20],
        "may_write": request.actor.may(WRITE),
        "back_url": reverse("business"),
        **more,
    }
    return render(request, "business/document.html", context, status=status)
