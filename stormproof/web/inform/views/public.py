"""The public status page, its feed and JSON, and the links of subscribers: no sign-in, short-lived copies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from xml.etree import ElementTree

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.core.refusals import NotFound, Refused
from stormproof.inform import selectors, services
from stormproof.inform.choices import Phase
from stormproof.inform.models import Notice, Version
from stormproof.inform.rules import PHRASES, is_late
from stormproof.inform.selectors import PublicStatus, shown_versions

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
KEPT_SECONDS = 5  # how long one process gives the same answer
COPY_SECONDS = 15  # how long a cache on the way may
log = structlog.get_logger("inform")


@dataclass
class _Last:
    """The last good answer of this process: given again for a moment, and as stale when the database is gone."""

    status: PublicStatus | None = None


_last = _Last()
_lock = threading.Lock()


def public_page(view: View[P]) -> View[P]:
    """A page for everybody, which caches may keep for some seconds, and show while we are away: it says its age."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        if answer.status_code == 200:
            answer.headers["Cache-Control"] = f"public, max-age={COPY_SECONDS}, stale-if-error=3600"
        else:
            answer.headers["Cache-Control"] = "no-store"
        patch_vary_headers(answer, ["Accept-Encoding"])
        return answer

    return login_not_required(page)


def status_now() -> PublicStatus:
    """The status as of now; as of the last good look, with every state unknown, while the database is away."""
    at = now()
    with _lock:
        last = _last.status
    if last is not None and not last.is_stale and 0 <= (at - last.as_of).total_seconds() < KEPT_SECONDS:
        return last
    try:
        fresh = selectors.public_status(at=at)
    except (DatabaseError, InterfaceError) as error:
        log.warning("the status page is served from memory", error=str(error).strip()[:200])
        if last is None:
            return _nothing_known(at)
        return _aged(last)
    with _lock:
        _last.status = fresh
    return fresh


def forget_last_status() -> None:
    """Let the next request look anew."""
    with _lock:
        _last.status = None


def _nothing_known(at: datetime) -> PublicStatus:
    truth = "We cannot tell right now how things are."
    return PublicStatus(
        name="", contact="", as_of=at, is_stale=True, state="unknown", truth=truth, components=[], current=[], past=[]
    )


def _aged(last: PublicStatus) -> PublicStatus:
    unknown = [replace(component, state="unknown") for component in last.components]
    truth = "We cannot tell right now how things are."
    return replace(last, is_stale=True, state="unknown", truth=truth, components=unknown)


@require_GET
@public_page
def status(request: HttpRequest) -> HttpResponse:
    """One line of truth, then functions in customers' words, then what happened and until when, then history."""
    shown = status_now()
    return render(request, "inform/status.html", {**_frame(shown), "asked": request.GET.get("asked", "")[:12]})


def _frame(shown: PublicStatus) -> dict[str, Any]:
    return {
        "status": shown,
        "name": shown.name or "Status",
        "made_at": shown.as_of.astimezone(UTC).isoformat(timespec="seconds"),
        "components": [(one, PHRASES[one.state], _bars(one)) for one in shown.components],
        "current": [_story(one, at=shown.as_of) for one in shown.current],
        "past": [_story(one, at=shown.as_of) for one in shown.past],
        "feed_url": f"{env.public_url}/status/feed.atom",
    }


def _bars(component: selectors.ShownComponent) -> list[dict[str, Any]]:
    return [
        {"x": place, "state": day.state, "title": f"{day.on:%-d %b}: {PHRASES[day.state].lower()}"}
        for place, day in enumerate(component.days)
    ]


def _story(found: Notice, *, at: datetime) -> dict[str, Any]:
    versions = shown_versions(found)
    newest = versions[0] if versions else None
    over = newest is not None and newest.estimate_until is not None and newest.estimate_until < at
    return {
        "notice": found,
        "versions": versions,
        "newest": newest,
        "phase": Phase(newest.phase).label if newest else "",
        "is_estimate_over": over and found.ended_at is None,
        "is_update_late": is_late(found.next_update_at, at=at),
    }


@require_GET
@public_page
def notice(request: HttpRequest, id: int) -> HttpResponse:
    """One notice with all its versions."""
    found, at = selectors.public_notice(id), now()
    shown = {"story": _story(found, at=at), "name": selectors.status_page().name or "Status", "made_at": at.isoformat()}
    return render(request, "inform/public_notice.html", shown)


@require_GET
@public_page
def status_json(request: HttpRequest) -> HttpResponse:
    """The same for programs: state, components, notices. Other sites may read it."""
    shown = status_now()
    answer = JsonResponse(
        {
            "name": shown.name,
            "as_of": shown.as_of.isoformat(),
            "is_stale": shown.is_stale,
            "state": shown.state,
            "summary": shown.truth,
            "components": [
                {"id": one.line.slug, "name": one.line.name, "state": one.state, "uptime_90_days": one.uptime}
                for one in shown.components
            ],
            "notices": [_notice_as_data(one) for one in shown.current],
            "resolved": [_notice_as_data(one) for one in shown.past],
        }
    )
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _notice_as_data(found: Notice) -> dict[str, Any]:
    return {
        "id": found.pk,
        "title": found.title,
        "state": found.state,
        "published_at": _iso(found.published_at),
        "ended_at": _iso(found.ended_at),
        "next_update_by": _iso(found.next_update_at),
        "url": f"{env.public_url}/status/notices/{found.pk}/",
        "versions": [_version_as_data(version) for version in shown_versions(found)],
    }


def _version_as_data(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "phase": version.phase,
        "text": version.text,
        "affected": version.affected,
        "published_at": _iso(version.published_at),
        "estimate_from": _iso(version.estimate_from),
        "estimate_until": _iso(version.estimate_until),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


@require_GET
@public_page
def feed(request: HttpRequest) -> HttpResponse:
    """The published versions as an Atom feed (RFC 4287)."""
    versions = selectors.feed_versions()
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    page = selectors.public_status(at=now(), with_history=False)
    _add(root, "id", f"{env.public_url}/status/")
    _add(root, "title", f"{page.name or 'Status'}: outages")
    _add(root, "updated", _iso(versions[0].published_at if versions else page.as_of) or "")
    _add(_add(root, "author", ""), "name", page.name or "Status")
    _add(root, "link", "", rel="self", type="application/atom+xml", href=f"{env.public_url}/status/feed.atom")
    _add(root, "link", "", rel="alternate", type="text/html", href=f"{env.public_url}/status/")
    for version in versions:
        _add_entry(root, version)
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")


ATOM = "http://www.w3.org/2005/Atom"


def _add(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text or None
    return element


def _add_entry(root: ElementTree.Element, version: Version) -> None:
    entry = _add(root, "entry", "")
    url = f"{env.public_url}/status/notices/{version.notice_id}/"
    _add(entry, "id", f"{url}#v{version.number}")
    _add(entry, "title", f"{version.notice.title}: {Phase(version.phase).label.lower()}")
    _add(entry, "published", _iso(version.published_at) or "")
    _add(entry, "updated", _iso(version.published_at) or "")
    _add(entry, "link", "", rel="alternate", type="text/html", href=url)
    _add(entry, "content", version.text, type="text")


# --- subscribers ----------------------------------------------------------------------------------------------------


@require_POST
@csrf_exempt
@login_not_required
def subscribe(request: HttpRequest) -> HttpResponse:
    """Mail a confirming link. The answer is the same whether or not the address is known already."""
    try:
        services.ask_to_subscribe(request.POST.get("email", ""), origin=request.META.get("REMOTE_ADDR", ""), at=now())
    except Refused as refusal:
        code = 429 if "Too many" in refusal.message else 422
        return _plain(request, title=refusal.message, text=refusal.hint, status=code)
    return _plain(
        request,
        title="Look into your mailbox",
        text="We have sent you a link that works for three days. You get mails only after you have opened it.",
    )


@csrf_exempt
@login_not_required
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button that confirms: a link alone would be followed by mail scanners."""
    try:
        if request.method == "POST":
            services.confirm_subscription(token, at=now())
            return _plain(
                request, title="Confirmed", text="You will get a mail when something is wrong, and when it is over."
            )
        services.check_confirm_link(token)
    except NotFound as missing:
        return _plain(request, title="This link does not work", text=f"{missing}. Ask for a new one.", status=404)
    return _plain(
        request, title="Mails about outages", text="Press the button to get them.", button="Yes, send me mails"
    )


@csrf_exempt
@login_not_required
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Leave with one click in the mail program (RFC 8058: a POST without cookies), or with the button."""
    try:
        if request.method == "POST":
            services.leave_subscription(token, at=now())
            return _plain(request, title="Done", text="You get no more mails.")
        services.check_leave_link(token)
    except NotFound as missing:
        return _plain(request, title="This link does not work", text=str(missing), status=404)
    return _plain(request, title="No more mails?", text="You can come back at any time.", button="No more mails")


def _plain(request: HttpRequest, *, title: str, text: str, button: str = "", status: int = 200) -> HttpResponse:
    shown = {"title": title, "text": text, "button": button}
    answer = render(request, "inform/plain.html", shown, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
