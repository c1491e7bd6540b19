"""Console pages about customers: notices and their versions, subscribers, the status page's settings."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.inform import selectors, services
from stormproof.inform.choices import NoticeState, Phase
from stormproof.inform.models import Notice, Subscriber, Version
from stormproof.inform.services.drafting import affected_by, estimate_for
from stormproof.respond.models import Incident
from stormproof.respond.selectors import incident_numbered
from stormproof.web.inform.forms import PublishForm, SettingsForm, WriteForm
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words


@reads("inform.read")
def customers(request: Request) -> HttpResponse:
    """What customers know, and the list of notices."""
    at = now()
    listing = read_list(
        request,
        selectors.notices_for(request.actor),
        noun="notices",
        columns=[
            Column(name="Notice", sort="title", csv=lambda row: row.title),
            Column(name="State", sort="state", csv=lambda row: row.state),
            Column(name="Incident", sort="incident__number", csv=lambda row: row.incident.label),
            Column(name="Drafted", sort="drafted_at", csv=lambda row: row.drafted_at.isoformat()),
            Column(name="Published", sort="published_at", csv=lambda row: row.published_at or ""),
            Column(name="Next update by", sort="next_update_at", csv=lambda row: row.next_update_at or ""),
        ],
        filters=[Filter(key="state", name="State", choices=NoticeState.choices)],
        search=["title__icontains", "incident__title__icontains"],
        order="-drafted_at",
        csv_name="notices",
    )
    if listing.wants_csv:
        return listing.as_csv()
    public = selectors.public_status(at=at, with_history=False)
    shown = {
        "list": listing,
        "public": public,
        "subscribers": selectors.confirmed_subscribers().count(),
        "waiting": selectors.waiting_notices(request.actor),
        "overdue": selectors.overdue_notices(at=at).count(),
        "page": selectors.status_page(),
    }
    return render(request, "inform/customers.html", shown)


@reads("inform.read")
def notice(request: Request, id: int) -> HttpResponse:
    """One notice: what customers read now, the draft, all versions."""
    found = selectors.notice_for(request.actor, id)
    return _notice_page(request, found)


@reads("inform.read")
def of_incident(request: Request, number: int) -> HttpResponse:
    """The notice about INC-`number`; when there is none, who may write is asked whether to draft it."""
    incident = incident_numbered(request.actor, number)
    found = selectors.notice_of_incident(request.actor, incident.pk)
    may_draft = found is None and request.actor.may("inform.write") and not (incident.is_private or incident.is_over)
    if may_draft and request.method == "POST":
        found = services.draft_notice(incident, at=now())
    elif may_draft:
        return _ask_to_draft(request, incident)
    if found is None:
        raise NotFound(f"There is no notice about {incident.label}")
    return redirect("notice", id=found.pk)


def _ask_to_draft(request: Request, incident: Incident) -> HttpResponse:
    context = {
        "title": f"Draft a notice about {incident.label}?",
        "sentence": "Nothing is written for customers yet. The draft stays inside until somebody publishes it.",
        "preview": [("Incident", str(incident)), ("Customers see", "nothing, until it is published")],
        "action_url": reverse("notice-of-incident", args=[incident.number]),
        "back_url": reverse("incident", args=[incident.number]),
        "button": "Draft it",
        "button_css": "btn-primary",
        "confirm_name": "",
        "hidden": {},
    }
    return render(request, "confirm.html", context)


def _notice_page(request: Request, found: Notice, *, form: WriteForm | None = None, status: int = 200) -> HttpResponse:
    at = now()
    draft, told = selectors.draft_of(found), selectors.latest_published(found)
    shown = {
        "notice": found,
        "draft": draft,
        "told": told,
        "versions": found.versions.filter(published_at__isnull=False),
        "form": form or WriteForm(initial=_starting_point(found, draft, told)),
        "sentence": _sentence(found, draft, told),
        "may_publish": request.actor.may("inform.publish"),
        "may_write": request.actor.may("inform.write") and found.state != NoticeState.WITHDRAWN,
        "is_late": found.next_update_at is not None and found.next_update_at < at,
        "history": selectors.history_of_notice(found)[:20],
    }
    return render(request, "inform/notice.html", shown, status=status)


def _starting_point(found: Notice, draft: Version | None, told: Version | None) -> dict[str, object]:
    """What the form holds at first: the draft, else what customers read now with a fresh estimate."""
    base = draft or told
    if draft is None:
        estimate = estimate_for(found.incident, at=now())
        begin, end = estimate.start, estimate.end
    else:
        begin, end = draft.estimate_from, draft.estimate_until
    return {
        "text": draft.text if draft else "",
        "phase": base.phase if base else Phase.INVESTIGATING,
        "affected": base.affected if base else affected_by(found.incident),
        "estimate_from": begin,
        "estimate_until": end,
    }


def _sentence(found: Notice, draft: Version | None, told: Version | None) -> str:
    if found.state == NoticeState.WITHDRAWN:
        return "This notice was withdrawn: nobody outside sees it."
    where = "" if found.is_public else " This is a drill: nobody outside sees it."
    if told is None:
        return f"Customers have been told nothing yet. A draft is ready to be read and published.{where}"
    if found.state == NoticeState.RESOLVED:
        return f"Customers were told that it is over, in version {told.number}.{where}"
    more = f" Version {draft.number} is a draft." if draft else ""
    return f"Customers read version {told.number}.{more}{where}"


@require_POST
@acts("inform.write")
def write(request: Request, id: int) -> HttpResponse:
    """Save the next version as a draft; nobody outside sees it."""
    found = selectors.notice_for(request.actor, id)
    form = WriteForm(request.POST)
    if not form.is_valid():
        return _notice_page(request, found, form=form, status=422)
    try:
        services.write_version(found, **form.cleaned_data, actor=request.actor, at=now())
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, f"{refusal.message}. {refusal.hint}")
        return _notice_page(request, found, form=form, status=422)
    if "preview" in request.POST:
        return redirect("publish-notice", id=id)
    messages.success(request, "The draft is saved. Nobody outside sees it yet.")
    return redirect("notice", id=id)


@acts("inform.publish")
def publish(request: Request, id: int) -> HttpResponse:
    """Show exactly what customers will read, where and how many get a mail; then let it out."""
    found = selectors.notice_for(request.actor, id)
    draft, at = selectors.draft_of(found), now()
    if draft is None:
        messages.error(request, "There is no draft to publish. Write the next version first.")
        return redirect("notice", id=id)
    every = selectors.status_page().update_every_seconds
    form = PublishForm(request.POST or None, initial={"next_update_at": at + timedelta(seconds=every)})
    if request.method == "POST" and form.is_valid():
        is_last = draft.phase == Phase.RESOLVED
        due = None if is_last else form.cleaned_data["next_update_at"]
        try:
            services.publish_notice(found, next_update_at=due, actor=request.actor, at=at)
        except Refused as refusal:
            form.add_error(refusal.field or None, f"{refusal.message}. {refusal.hint}")
        else:
            messages.success(request, "Customers can read it now.")
            return redirect("notice", id=id)
    shown = {
        "notice": found,
        "draft": draft,
        "back_url": f"/customers/notices/{found.pk}/",
        "form": form,
        "mails": selectors.confirmed_subscribers().count() if found.is_public else 0,
    }
    return render(request, "inform/publish.html", shown)


@acts("inform.publish")
def withdraw(request: Request, id: int) -> HttpResponse:
    """Take a notice back, after a look at what that means."""
    found = selectors.notice_for(request.actor, id)
    if request.method == "POST":
        services.withdraw_notice(found, reason=request.POST.get("reason", ""), actor=request.actor, at=now())
        messages.success(request, "The notice is withdrawn.")
        return redirect("notice", id=id)
    return render(request, "inform/withdraw.html", {"notice": found, "told": selectors.latest_published(found)})


@reads("inform.read")
def subscribers(request: Request) -> HttpResponse:
    """Who gets mails."""
    listing = read_list(
        request,
        selectors.subscribers_for(request.actor),
        noun="subscribers",
        columns=[
            Column(name="Address", sort="email", csv=lambda row: row.email),
            Column(name="State", csv=lambda row: row.state),
            Column(name="Asked", sort="asked_at", csv=lambda row: row.asked_at.isoformat()),
            Column(name="Confirmed", sort="confirmed_at", csv=lambda row: row.confirmed_at or ""),
            Column(name=""),
        ],
        search=["email__icontains"],
        order="-asked_at",
        csv_name="subscribers" if request.actor.may("inform.write") else "",
    )
    if listing.wants_csv:
        return listing.as_csv()
    may_write = request.actor.may("inform.write")
    confirmed = selectors.confirmed_subscribers().count()
    shown = {"list": listing, "confirmed": confirmed, "may_write": may_write}
    return render(request, "inform/subscribers.html", shown)


@require_POST
@acts("inform.write")
def remove(request: Request, id: int) -> HttpResponseRedirect:
    """End a subscription because the subscriber asked the shop for it."""
    found: Subscriber | None = selectors.subscribers_for(request.actor).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no subscriber {id}")
    services.remove_subscriber(found, actor=request.actor, at=now())
    messages.success(request, f"{found.email} gets no more mails.")
    return redirect("subscribers")


@acts("inform.write")
def status_settings(request: Request) -> HttpResponse:
    """What the status page shows and who lets notices out."""
    page = selectors.status_page()
    form = SettingsForm(request.POST or None, initial=SettingsForm.values_of(page))
    if request.method == "POST" and form.is_valid():
        services.set_status_page(**form.cleaned_data, is_described=True, actor=request.actor, at=now())
        messages.success(request, "The status page is set.")
        return redirect("status-settings")
    shown = {
        "form": form,
        "page": page,
        "lines": selectors.components(),
        "every": duration_words(page.update_every_seconds),
    }
    return render(request, "inform/settings.html", shown)
