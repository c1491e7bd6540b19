"""What every template of the console is given."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from stormproof.core.actor import NOBODY
from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.web.glance import open_incidents_at
from stormproof.web.shell import actor_of, navigation, reverse_or_none


def frame(request: HttpRequest) -> dict[str, Any]:
    """Navigation, open incidents, the live stream's address, the reader's time zone; worked out only where used."""
    actor = actor_of(request)
    zone = getattr(getattr(request, "user", None), "time_zone", "")
    return {
        "actor": actor,
        "signed_in": actor != NOBODY,
        "navigation": SimpleLazyObject(lambda: navigation(actor, request.path)),
        "live_url": env.live_url,
        "open_incidents": SimpleLazyObject(lambda: open_incidents_at(actor, now())),
        "on_settings": request.path.startswith("/settings/"),
        "strip_url": reverse_or_none("strip"),
        "profile_url": reverse_or_none("profile"),
        "sign_out_url": reverse_or_none("account_logout"),
        "reader_zone": "" if zone == "UTC" else zone,
    }
