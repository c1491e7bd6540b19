"""Jobs of the foundation: delivering facts, sealing them, draining the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

import procrastinate
from django.db import transaction
from procrastinate.contrib.django import app

from stormproof.core import outbox, seal
from stormproof.core.clock import now
from stormproof.core.dead_man import call_dead_man
from stormproof.core.delivery import TRIES, deliver_once, park
from stormproof.core.env import env
from stormproof.core.jobs import every, task
from stormproof.core.ticks import forget_old_ticks


class PatientRetry(procrastinate.BaseRetryStrategy):
    """After 0.2, 1, 4, 16 and 60 seconds; a parked reaction is not retried."""

    waits = (0.2, 1, 4, 16, 60)

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """The next wait, or None once the tries are used up."""
        if job.attempts >= TRIES - 1:
            return None
        wait = timedelta(seconds=self.waits[min(job.attempts, len(self.waits) - 1)])
        return procrastinate.RetryDecision(retry_at=now() + wait)


@app.task(name="core.deliver", queue="facts", retry=PatientRetry(), pass_context=True)
def deliver(context: procrastinate.JobContext, fact_id: int, reaction: str) -> None:
    """Hand one fact to one reaction; after the last try park it and page the admins instead of blocking the queue."""
    try:
        deliver_once(fact_id=fact_id, reaction=reaction, at=now())
    except Exception as error:
        if context.job.attempts < TRIES - 1:
            raise
        park(fact_id=fact_id, reaction=reaction, error=error, attempts=context.job.attempts + 1, at=now())


@task(queue="outbox", retries=None)
def drain_lane(lane: str) -> None:
    """Send what waits in one lane; the lane's lock keeps one slow provider to one worker slot."""
    outbox.drain(lane, clock=now)


@every(seconds=1)
def send_messages_that_are_due(at: datetime) -> None:
    """Wake the lanes whose messages are due for a retry or whose sender died with a lease."""
    with transaction.atomic():
        outbox.wake_lanes(at=at)


@every(seconds=60)
def seal_facts(at: datetime) -> None:
    """Add the committed facts to the hash chain."""
    seal.seal_facts(at=at)


@every(seconds=60)
def call_dead_man_while_all_are_alive(at: datetime) -> None:
    """Tell the outside that we live, so that it can raise the alarm when we do not."""
    call_dead_man(env.dead_man_url, at=at)


@every(seconds=600)
def drop_the_ticks_of_ended_processes(at: datetime) -> None:
    """Keep the table of ticks to the processes of the last hour."""
    forget_old_ticks(at=at)
