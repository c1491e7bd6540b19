"""Runs the intake until a signal: the server, and a committer for each door."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop
from aiohttp import web

from stormproof.core.clock import now
from stormproof.worker.intake.committer import connect
from stormproof.worker.intake.doors import DOORS, HANDLER
from stormproof.worker.intake.server import Intake

LONGEST_GOODBYE_S = 5.0
log = structlog.get_logger(__name__)


def run_intake(*, host: str, port: int) -> None:
    """Take in until SIGTERM or SIGINT."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_signal(host, port))


async def _run_until_signal(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    HANDLER.start()
    try:
        await serve(Intake(DOORS, connect=connect, clock=now), host=host, port=port, stop=stop)
    finally:
        await asyncio.to_thread(HANDLER.stop)


async def serve(intake: Intake, *, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve `intake` until `stop` is set; what was taken in by then is committed and answered."""
    committing = [asyncio.create_task(committer.run()) for committer in intake.committers]
    runner = web.ServerRunner(web.Server(intake, access_log=None), shutdown_timeout=LONGEST_GOODBYE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024, reuse_address=True).start()
        log.info("intake.listening", port=port)
        await stop.wait()
    finally:
        await runner.cleanup()
        for task in committing:
            task.cancel()
        await asyncio.gather(*committing, return_exceptions=True)
