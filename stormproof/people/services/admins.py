"""Telling the admins that the system itself needs a hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.env import env
from stormproof.core.outbox import post_message
from stormproof.people.selectors import admins, contact_points_of


@transaction.atomic
def page_admins(*, subject: str, text: str, path: str, key: str, at: datetime) -> int:
    """Post to every verified contact point of every admin (their sign-in address when they have none); how many.

    All channels at once: this is rare, and whoever reads it first must not wait for another's fallback.
    """
    url = f"{env.public_url}{path}"
    posted = 0
    for admin in admins():
        points = [(point.channel, point.address) for point in contact_points_of(admin)] or [("email", admin.email)]
        for position, (channel, address) in enumerate(points):
            payload = (
                {"subject": subject, "text": f"{text}\n\n{url}\n"}
                if channel == "email"
                else {"json": {"subject": subject, "text": text, "url": url}}
            )
            post_message(channel=channel, address=address, payload=payload, key=f"{key}:{admin.pk}:{position}", at=at)
            posted += 1
    return posted
