"""The worker: runs jobs and timers, takes up the jobs of dead workers, and outlives an outage of the database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import procrastinate
import structlog
from django.db import close_old_connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from stormproof.core.clock import now
from stormproof.core.jobs import TIMERS, Every
from stormproof.core.timers import claim_timers, plant_timers

CONCURRENCY = 8
HEARTBEAT_SECONDS = 1.5
DEAD_AFTER_SECONDS = 6.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


def instance_name() -> str:
    """A name no other process has: host, process id and a random part."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def run_worker() -> None:
    """Work until SIGTERM or SIGINT; a lost database is waited for."""
    asyncio.run(_work_for_ever())


async def _work_for_ever() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENCY + 8))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    timers = asyncio.create_task(_run_timers(stop))
    while not stop.is_set():
        try:
            await _work(stop)
        except (procrastinate.exceptions.ConnectorException, OSError) as error:
            log.warning("worker.database_lost", error=str(error).strip()[:300])
        await _pause(stop, 1)
    await timers


async def _work(stop: asyncio.Event) -> None:
    """One life of the worker, over one pool of connections; ends when the database goes away or `stop` is set."""
    django_connector = app.connector
    if not isinstance(django_connector, DjangoConnector):
        raise TypeError("the worker needs procrastinate's Django connector")
    # A second app over the same tasks: what tasks defer still goes through Django's connection and its transaction.
    async with app.with_connector(django_connector.get_worker_connector()).open_async() as working:
        jobs = asyncio.create_task(_run_jobs(working))
        rescue = asyncio.create_task(_rescue_stalled_jobs(working))
        stopped = asyncio.create_task(stop.wait())
        tasks: list[asyncio.Task[Any]] = [jobs, rescue, stopped]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _run_jobs(working: procrastinate.App) -> None:
    await working.run_worker_async(
        name=instance_name(),
        concurrency=CONCURRENCY,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=DEAD_AFTER_SECONDS,
        fetch_job_polling_interval=1,
        shutdown_graceful_timeout=10,
        delete_jobs="successful",
    )


async def _rescue_stalled_jobs(working: procrastinate.App) -> None:
    """Give the running jobs of dead workers back to the queue."""
    while True:
        for job in await working.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
            log.warning("worker.job_rescued", job=job.id, task=job.task_name)
            await working.job_manager.retry_job(job)
        await asyncio.sleep(2)


async def _run_timers(stop: asyncio.Event) -> None:
    """Claim the timers that are due, twice a second, and run each in a thread; never one twice at once in here."""
    running: dict[str, asyncio.Task[None]] = {}
    is_planted = False
    while not stop.is_set():
        try:
            if not is_planted:
                await asyncio.to_thread(_with_connection, lambda: plant_timers(now()))
                is_planted = True
            free = [timer for name, timer in TIMERS.items() if name not in running or running[name].done()]
            for name in await asyncio.to_thread(_with_connection, lambda due=free: claim_timers(due, at=now())):
                running[name] = asyncio.create_task(asyncio.to_thread(_run_timer, TIMERS[name]))
        except Exception as error:
            log.warning("worker.timers_waiting", error=str(error).strip()[:300])
        await _pause(stop, 0.5)
    await asyncio.gather(*running.values(), return_exceptions=True)


def _run_timer(timer: Every) -> None:
    try:
        _with_connection(lambda: timer.body(now()))
    except Exception:
        log.exception("worker.timer_failed", timer=timer.name)


def _with_connection(body: Callable[[], T]) -> T:
    """Run `body` with a connection that is alive, and leave none behind that is not."""
    close_old_connections()
    try:
        return body()
    finally:
        close_old_connections()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
