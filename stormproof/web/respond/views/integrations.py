"""Pages of integrations: which systems may deliver alerts, how to set them up, what they sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.core.refusals import NotFound, Refused
from stormproof.respond import selectors, services
from stormproof.respond.kinds import KINDS, CannotRead, Kind
from stormproof.respond.models import Integration
from stormproof.respond.services.outlook import outlook_of
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond import forms


@reads(selectors.READ)
def integrations(request: Request) -> HttpResponse:
    """All integrations, and the kinds one may add."""
    context = {
        "integrations": selectors.integrations(request.actor),
        "kinds": KINDS,
        "may_write": request.actor.may("respond.write"),
    }
    return render(request, "respond/integrations.html", context)


@never_cache
@acts("respond.write")
def new_integration(request: Request, kind: str) -> HttpResponse:
    """Let another system deliver; its address is shown once, on the next page."""
    chosen = _kind(kind)
    form = forms.IntegrationForm(request.POST or None, has_fields=chosen.has_fields, initial={"name": chosen.title})
    del form.fields["is_enabled"]
    if form.is_valid():
        data = form.cleaned_data
        slug = _free_slug(data["name"])
        try:
            made, key = services.create_integration(
                slug=slug, kind=kind, actor=request.actor, at=now(), **_settings(data)
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            return _show_key(request, made, key)
    context = {"form": form, "kind": chosen, "title": f"New integration: {chosen.title}", "button": "Make its address"}
    return render(request, "respond/integration_form.html", context, status=422 if form.errors else 200)


@never_cache
@reads(selectors.READ)
def integration(request: Request, slug: str) -> HttpResponse:
    """One integration: how it fares, what it sent, its settings, and a sample to try."""
    found = selectors.integration_for(request.actor, slug)
    kind = KINDS[found.kind]
    is_save = request.method == "POST" and request.POST.get("act") == "save"
    form = forms.IntegrationForm(request.POST if is_save else None, has_fields=kind.has_fields, initial=_initial(found))
    if is_save:
        request.actor.require("respond.write")
        if form.is_valid() and _save(request, found, form):
            return redirect("integration", slug=slug)
    context: dict[str, Any] = {
        "integration": found,
        "kind": kind,
        "form": form,
        "deliveries": selectors.deliveries_of(found),
        "unreadable": selectors.unreadable_of(found),
        "sample": request.POST.get("sample", kind.sample),
        "may_write": request.actor.may("respond.write"),
        "topic": f"integration:{found.pk}",
    }
    if request.method == "POST" and request.POST.get("act") == "try":
        context |= _tried(found, request)
    return render(request, "respond/integration.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
@acts("respond.write")
def rotate_key(request: Request, slug: str) -> HttpResponse:
    """A new address; the old one stops working at once."""
    found = selectors.integration_for(request.actor, slug)
    return _show_key(request, found, services.rotate_integration_key(found, actor=request.actor, at=now()))


@require_POST
@acts("respond.write")
def reprocess(request: Request, slug: str) -> HttpResponse:
    """Handle once more what could not be read."""
    found = selectors.integration_for(request.actor, slug)
    count = services.reprocess_deliveries(found, actor=request.actor, at=now())
    messages.success(request, f"{count} deliveries are handled once more.")
    return redirect("integration", slug=slug)


def _show_key(request: Request, integration: Integration, key: str) -> HttpResponse:
    kind = KINDS[integration.kind]
    url = f"{env.taking_url}/in/{key}"
    context = {
        "integration": integration,
        "url": url,
        "web_url": f"{env.public_url}/in/{key}",
        "set_up": kind.set_up.replace("{url}", url),
    }
    return render(request, "respond/integration_key.html", context)


def _tried(found: Integration, request: Request) -> dict[str, Any]:
    """What would happen to the sample, with the fields of the form as they are typed."""
    form = forms.IntegrationForm(request.POST, has_fields=True)
    form.is_valid()
    typed = form.cleaned_data.get("fields_text") if "fields_text" in request.POST else None
    try:
        body = request.POST.get("sample", "")[:100_000].encode(errors="replace")
        return {"outlooks": outlook_of(found, body, fields=typed, at=now())}
    except CannotRead as error:
        return {"cannot_read": str(error)}


def _save(request: Request, found: Integration, form: forms.IntegrationForm) -> bool:
    data = form.cleaned_data
    try:
        services.change_integration(
            found, is_enabled=data["is_enabled"], actor=request.actor, at=now(), **_settings(data)
        )
    except Refused as refused:
        _add_refusal(form, refused)
        return False
    messages.success(request, "The integration is kept.")
    return True


def _settings(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": data["name"],
        "node": data["node"],
        "nodes": data["nodes"],
        "fields": data.get("fields_text") or {},
        "rate_per_minute": data["rate_per_minute"],
    }


def _initial(found: Integration) -> dict[str, Any]:
    return {
        "name": found.name,
        "node": found.node,
        "nodes": "\n".join(f"{line['label']} = {line['value']} -> {line['node']}" for line in found.nodes),
        "fields_text": "\n".join(f"{name} = {path}" for name, path in found.fields.items()),
        "rate_per_minute": found.rate_per_minute,
        "is_enabled": found.is_enabled,
    }


def _add_refusal(form: forms.IntegrationForm, refused: Refused) -> None:
    field = {"fields": "fields_text"}.get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, f"{refused.message}. {refused.hint}".strip())


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound(f"There is no kind {name}")
    return KINDS[name]


def _free_slug(name: str) -> str:
    """A short name made of the name that no other integration has."""
    base = slugify(name)[:50] or "integration"
    taken = set(Integration.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for number in range(1, 10_000) if (slug := base if number == 1 else f"{base}-{number}") not in taken
    )
