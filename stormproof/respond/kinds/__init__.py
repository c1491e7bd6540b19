"""The kinds of integration there are. One folder and one line here add one."""

from __future__ import annotations

from stormproof.respond.kinds import alertmanager, cloudevents, datadog, generic, grafana, mail, pagerduty, sentry
from stormproof.respond.kinds.contract import CannotRead, Delivery, Kind, Reply, Report

KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        alertmanager.KIND,
        grafana.KIND,
        sentry.KIND,
        datadog.KIND,
        pagerduty.KIND,
        cloudevents.KIND,
        mail.KIND,
        generic.KIND,
    )
}

__all__ = ["KINDS", "CannotRead", "Delivery", "Kind", "Reply", "Report"]
