"""What inform does later, or again and again."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.clock import now
from stormproof.core.jobs import every, task
from stormproof.inform import services
from stormproof.inform.models import Version


@task(queue="mails")
def send_notice_mails(version_id: int, after: int = 0) -> None:
    """Post the mails about one version of a notice, a batch at a time."""
    services.mail_subscribers(Version.objects.select_related("notice").get(pk=version_id), after=after, at=now())


@every(seconds=1)
def let_notices_out(at: datetime) -> None:
    """Publish the drafts whose moment, set by the rule, has come, and what else is hit by now."""
    services.publish_due_notices(at=at)
    services.widen_due_notices(at=at)


@every(seconds=10)
def keep_notices_fresh(at: datetime) -> None:
    """Promised updates come or are asked for, and no notice outlives its incident."""
    services.keep_updates_coming(at=at)
    services.catch_up_with_incidents(at=at)


@every(seconds=60)
def compute_history(at: datetime) -> None:
    """Bring the days of the status page up to now."""
    services.refresh_history(at=at)


@every(seconds=3600)
def forget_old_addresses(at: datetime) -> None:
    """Addresses that were never confirmed, or that left, are not kept."""
    services.forget_stale_subscriptions(at=at)
