"""Mails about notices to those who asked for them: in a lane of their own, so that no page to a responder waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from stormproof.business import selectors as business
from stormproof.core.env import env
from stormproof.core.jobs import defer_named
from stormproof.core.outbox import post_message
from stormproof.inform.choices import NoticeState, Phase
from stormproof.inform.models import Subscriber, Version
from stormproof.inform.selectors import confirmed_subscribers, status_page
from stormproof.inform.services.links import leave_link

BATCH = 200
LANE = "email:subscribers"


@transaction.atomic
def mail_subscribers(version: Version, *, after: int = 0, at: datetime) -> int:
    """Post the next batch of mails about `version` and leave the rest to another job; how many were posted.

    Posting one twice posts nothing new. A notice that was withdrawn meanwhile is not mailed.
    """
    if version.published_at is None or version.notice.state == NoticeState.WITHDRAWN or not version.notice.is_public:
        return 0
    batch = list(confirmed_subscribers().filter(pk__gt=after).order_by("pk")[:BATCH])
    for subscriber in batch:
        post_message(
            channel="email",
            address=subscriber.email,
            payload=notice_mail(version, subscriber=subscriber),
            key=f"notice:{version.notice_id}:{version.number}:{subscriber.pk}",
            about=f"notice:{version.notice_id}",
            is_reported=False,
            lane=LANE,
            at=at,
        )
    if len(batch) == BATCH:
        post_mails_later(version, after=batch[-1].pk)
    return len(batch)


def post_mails_later(version: Version, *, after: int = 0) -> None:
    """Leave the mails about `version` to a job, in the caller's transaction."""
    lock = f"notice-mails:{version.notice_id}"
    defer_named("inform.send_notice_mails", queue="mails", lock=lock, version_id=version.pk, after=after)


def notice_mail(version: Version, *, subscriber: Subscriber) -> dict[str, Any]:
    """The mail about one version for one subscriber, with the heads for leaving in one click (RFC 8058)."""
    shop = status_page().name or business.business_now().name or "Status"
    lines = [f"{Phase(version.phase).label}: {version.text}", ""]
    if version.affected:
        lines += [f"This is about: {', '.join(version.affected)}", ""]
    lines += [*_clock_lines(version), f"Everything we know: {env.public_url}/status/", ""]
    leave = leave_link(subscriber)
    lines += ["You get this mail because you asked for it on our status page.", f"No more mails: {leave}"]
    return {
        "subject": f"[{shop}] {version.notice.title}: {Phase(version.phase).label.lower()}",
        "text": "\n".join(lines),
        "headers": {
            **bulk_headers(),
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    }


def _clock_lines(version: Version) -> list[str]:
    zone = business.shop_zone()
    lines = []
    if version.estimate_from and version.estimate_until:
        start, end = version.estimate_from.astimezone(zone), version.estimate_until.astimezone(zone)
        lines.append(f"We expect it to be over between {start:%H:%M} and {end:%H:%M} ({end:%Z}).")
    due = version.notice.next_update_at
    if due and version.phase != Phase.RESOLVED:
        lines.append(f"Next update by {due.astimezone(zone):%H:%M} ({due.astimezone(zone):%Z}).")
    return [*lines, ""] if lines else []


def bulk_headers() -> dict[str, str]:
    """What every mail to subscribers says of itself (RFC 3834, RFC 2919), so that no robot answers it."""
    host = env.public_url.split("://", 1)[-1].split(":")[0]
    return {"Auto-Submitted": "auto-generated", "List-Id": f"<status.{host}>", "X-Auto-Response-Suppress": "All"}
