"""The process around a browser: reads jobs from its input, one a line, and answers each with a line.

Ends when its input ends, so that none is left behind by a prober that was killed. The first line says what the guard
allows and which program to run.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import sys
from typing import Any, BinaryIO

from playwright.async_api import Browser, Error, async_playwright

from stormproof.engine.probe.browser.proxy import GuardedProxy
from stormproof.engine.probe.browser.script import check_from
from stormproof.engine.probe.browser.walker import Walker
from stormproof.engine.probe.guard import Guard

ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pings",
    "--renderer-process-limit=2",
    "--js-flags=--max-old-space-size=256",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
)


async def serve(jobs: asyncio.StreamReader, answers: BinaryIO) -> None:
    """Do the jobs until there are no more."""
    settings = json.loads(await jobs.readline())
    guard = Guard(tuple(ipaddress.ip_network(text) for text in settings["allowed"]))
    proxy = GuardedProxy(guard)
    port = await proxy.start()
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=settings["program"],
                args=[*ARGUMENTS, f"--proxy-server=http://127.0.0.1:{port}"],
                chromium_sandbox=os.geteuid() != 0,  # Chromium's own sandbox does not work for root
                timeout=30_000,
            )
        except Error as error:
            _answer(answers, {"failed": f"the browser does not start: {_last_line(error.message)}"})
            return
        _answer(answers, {"ready": browser.version})
        while line := await jobs.readline():
            proxy.refused.clear()
            proxy.broken.clear()
            _answer(answers, await _do(browser, json.loads(line), proxy))
            if not browser.is_connected():
                return
        await browser.close()


async def _do(browser: Browser, job: dict[str, Any], proxy: GuardedProxy) -> dict[str, Any]:
    walker = Walker(check_from(job["check"]), run=job["run"], proxy=proxy)
    try:
        return await walker.walk(browser, deadline_s=job["deadline_s"])
    except Error as error:
        return {"failed": f"the browser broke off: {_last_line(error.message)}"}


def _answer(answers: BinaryIO, data: dict[str, Any]) -> None:
    answers.write(json.dumps(data).encode() + b"\n")
    answers.flush()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "ERROR" in line or "sandbox" in line.lower()]
    return (told or lines or ["no reason given"])[0][:200]


async def _main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed must not be taken for an answer
    jobs = asyncio.StreamReader(limit=1 << 24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(jobs), sys.stdin.buffer)
    await serve(jobs, answers)


if __name__ == "__main__":
    asyncio.run(_main())
