"""Does the steps of a journey in a page, one after the other, and says in words what did not come true."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from playwright.async_api import Browser, BrowserContext, Error, Locator, Page, Response
from playwright.async_api import TimeoutError as TookTooLong

from stormproof.engine.probe.browser.evidence import Recorder, as_files, screen_of
from stormproof.engine.probe.browser.proxy import GuardedProxy, place_of
from stormproof.engine.probe.browser.script import BrowserCheck, BrowserStep
from stormproof.engine.probe.journey import StepSeen, UnknownName, fill_in, known_at_start, redact
from stormproof.engine.probe.journey.taking import Answer, NothingToTake, take_from
from stormproof.engine.probe.outcome import say_ms, shorten

MARK = "Stormproof-Journey/1"
_VITALS = """() => {
  window.__vitals = {cls: 0}
  const observe = (type, note) => {
    try { new PerformanceObserver(list => list.getEntries().forEach(note)).observe({type, buffered: true}) } catch {}
  }
  observe('largest-contentful-paint', entry => { window.__vitals.lcp = entry.startTime })
  observe('layout-shift', entry => { if (!entry.hadRecentInput) window.__vitals.cls += entry.value })
}"""
_READ_VITALS = """() => {
  const [load] = performance.getEntriesByType('navigation')
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  return {ttfb: load && load.responseStart, fcp: paint && paint.startTime, ...window.__vitals}
}"""


class _StepFailed(Exception):
    """A step did not come true; the message says what."""


class _Refused(Exception):
    """The guard did not let the page go where a step leads; says nothing about the shop."""


class Walker:
    """One walk in a fresh context: no cookie and no cache of the walk before."""

    def __init__(self, check: BrowserCheck, *, run: str, proxy: GuardedProxy) -> None:
        self._check, self._proxy = check, proxy
        self._known = known_at_start(check.values, check.secrets, run)
        self._typed: set[str] = set(check.secrets.values())
        self._recorder = Recorder()
        self._began = self._step_began = time.perf_counter()
        self._name = self._doing = ""
        self._status: int | None = None
        self._crashed = asyncio.Event()
        self._seen: list[StepSeen] = []
        self._about: dict[str, Any] = {}

    async def walk(self, browser: Browser, *, deadline_s: float) -> dict[str, Any]:
        """Walk within `deadline_s` seconds; the outcome as plain data."""
        agent = f"{await _plain_agent(browser)} {MARK}"
        context = await browser.new_context(
            viewport={"width": self._check.width, "height": self._check.height},
            user_agent=agent,
            accept_downloads=False,
            service_workers="block",
        )
        try:
            return await self._walk_in(context, deadline_s)
        finally:
            with contextlib.suppress(Error):
                await context.close()

    async def _walk_in(self, context: BrowserContext, deadline_s: float) -> dict[str, Any]:
        page = await context.new_page()
        await page.add_init_script(f"({_VITALS})()")
        page.on("response", lambda answer: self._note_status(page, answer))
        page.on("crash", lambda _page: self._crashed.set())
        self._recorder.follow(page)
        self._began = time.perf_counter()
        fault, refused = "", False
        try:
            async with asyncio.timeout(deadline_s):
                fault = await self._go(page)
        except _Refused as error:
            fault, refused = self._stop(str(error)), True
        except TimeoutError:
            fault = self._stop(f"not done within {say_ms(deadline_s * 1000)} ({self._doing})")
        total_ms = round((time.perf_counter() - self._began) * 1000, 1)
        files = [] if not fault or refused else as_files(await screen_of(page, self._typed), self._har())
        return {
            "reason": fault,
            "refused": refused,
            "total_ms": total_ms,
            "steps": [step.as_data() for step in self._seen],
            "about": self._about,
            "files": files,
        }

    def _har(self) -> bytes:
        return self._recorder.as_har(self._typed)

    async def _go(self, page: Page) -> str:
        for number, step in enumerate(self._check.steps, start=1):
            self._name = step.name or f"Step {number}"
            self._step_began, self._status = time.perf_counter(), None
            try:
                async with asyncio.timeout(self._check.step_s + 2):  # the page's own limit comes first, and says more
                    await self._do(page, step)
            except (_StepFailed, UnknownName, NothingToTake) as error:
                return self._stop(str(error))
            except Error as error:
                return self._stop(self._heard(page) or self._say(error))
            self._note(ok=True)
        return ""

    def _heard(self, page: Page) -> str:
        try:
            self._raise_what_the_proxy_said(page)
        except _StepFailed as error:
            return str(error)
        return ""

    async def _do(self, page: Page, step: BrowserStep) -> None:
        page.set_default_timeout(self._check.step_s * 1000)
        await self._act(page, step)
        if step.at:
            part = fill_in(step.at, self._known)
            self._doing = f"waiting for an address with {part!r}"
            await self._expect(page.wait_for_url(lambda url: part in url, wait_until="commit"), page)
        if step.wait_for:
            self._doing = f"waiting for {step.wait_for}"
            await self._expect(self._one(page, step.wait_for).wait_for(), page)
        if step.see:
            text = fill_in(step.see, self._known)
            self._doing = f"looking for {shorten(step.see, 60)!r}"
            await self._expect(page.get_by_text(text).filter(visible=True).first.wait_for(), page)
        self._refuse_a_bad_answer(page)
        if step.see_not:
            await self._see_not(page, fill_in(step.see_not, self._known))
        if step.open:
            await self._read_vitals(page)
        for name, take in step.keep.items():
            answer = Answer(text=await page.content(), headers={}, cookies={})
            self._known[name] = take_from(answer, take)
            self._about[name] = redact(self._known[name], self._check.secrets.values())[:200]

    async def _act(self, page: Page, step: BrowserStep) -> None:
        acts: list[tuple[bool, str, Callable[[], Awaitable[Any]]]] = [
            (bool(step.open), f"opening {step.open}", lambda: self._open(page, step.open)),
            (bool(step.fill), "filling in", lambda: self._fill(page, step)),
            (bool(step.select), "choosing", lambda: self._select(page, step)),
            (bool(step.tick), f"ticking {step.tick}", lambda: self._one(page, step.tick).check()),
            (bool(step.press), f"pressing {step.press}", lambda: page.keyboard.press(step.press)),
            (bool(step.click), f"clicking {step.click}", lambda: self._one(page, step.click).click()),
        ]
        for is_asked, doing, act in acts:
            if is_asked:
                self._doing = doing
                await act()

    def _one(self, page: Page, place: str) -> Locator:
        return page.locator(fill_in(place, self._known)).first

    async def _open(self, page: Page, where: str) -> None:
        here = page.url if page.url.startswith("http") else self._check.start
        url = urljoin(here, fill_in(where, self._known))
        if urlsplit(url).scheme not in ("http", "https"):
            raise _StepFailed(f"{shorten(url, 80)} is not a web address")
        await page.goto(url, wait_until="load")
        self._refuse_a_bad_answer(page)

    async def _fill(self, page: Page, step: BrowserStep) -> None:
        for place, text in step.fill.items():
            self._doing = f"filling in {place}"
            value = fill_in(text, self._known)
            self._typed.add(value)
            await self._one(page, place).fill(value)

    async def _select(self, page: Page, step: BrowserStep) -> None:
        for place, text in step.select.items():
            self._doing = f"choosing in {place}"
            await self._one(page, place).select_option(fill_in(text, self._known))

    async def _expect(self, waiting: Awaitable[Any], page: Page) -> None:
        """Wait for something, but not after an answer that can never show it."""
        task = asyncio.ensure_future(waiting)
        while not task.done():
            await asyncio.wait({task}, timeout=0.25)
            if not task.done() and self._status is not None and self._status >= 400:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                self._refuse_a_bad_answer(page)
        await task

    async def _see_not(self, page: Page, text: str) -> None:
        if await page.get_by_text(text).filter(visible=True).count():
            raise _StepFailed(f"the page shows {shorten(text, 80)!r}")

    def _note_status(self, page: Page, answer: Response) -> None:
        with contextlib.suppress(Error):
            if answer.request.is_navigation_request() and answer.frame == page.main_frame and answer.status // 100 != 3:
                self._status = answer.status

    def _refuse_a_bad_answer(self, page: Page) -> None:
        self._raise_what_the_proxy_said(page)
        if self._status is not None and self._status >= 400:
            raise _StepFailed(f"answered {self._status} at {urlsplit(page.url).path or '/'}")

    def _raise_what_the_proxy_said(self, page: Page) -> None:
        """When the host of a page was refused or could not be reached, the proxy says so better than Chromium."""
        refused, broken = self._proxy.refused, self._proxy.broken
        is_error_page = not page.url.startswith("http")
        hosts = [*refused, *broken] if is_error_page else [place_of(page.url)]
        for host in hosts:
            if host in refused:
                raise _Refused(refused[host])
            if host in broken:
                raise _StepFailed(broken[host])

    def _say(self, error: Error) -> str:
        """What Playwright says, in our words: it writes pages about what it tried."""
        if self._crashed.is_set():
            return f"the page crashed ({self._doing})"
        if isinstance(error, TookTooLong):
            return f"not within {say_ms(self._check.step_s * 1000)}: {self._doing}"
        first = error.message.partition("\n")[0].rpartition(": ")[2]
        return shorten(f"{self._doing}: {_NETWORK.get(first.split(' at ')[0], first)}", 200)

    def _stop(self, reason: str) -> str:
        said = redact(shorten(reason), self._typed)
        self._note(ok=False, reason=said)
        return f"{self._name}: {said}"

    def _note(self, *, ok: bool, reason: str = "") -> None:
        moment = time.perf_counter()
        self._seen.append(
            StepSeen(
                name=self._name,
                ok=ok,
                start_ms=round((self._step_began - self._began) * 1000, 1),
                ms=round((moment - self._step_began) * 1000, 1),
                status=self._status,
                reason=reason,
            )
        )

    async def _read_vitals(self, page: Page) -> None:
        """Web vitals of the first page that was opened: later ones come from a warm cache."""
        if "ttfb_ms" in self._about:
            return
        with contextlib.suppress(Error):
            found = await page.evaluate(_READ_VITALS)
            for name in ("ttfb", "fcp", "lcp"):
                if isinstance(found.get(name), int | float):
                    self._about[f"{name}_ms"] = round(found[name])
            if isinstance(found.get("cls"), int | float):
                self._about["cls"] = round(found["cls"], 3)


_NETWORK = {
    "net::ERR_CONNECTION_REFUSED": "the connection was refused",
    "net::ERR_TUNNEL_CONNECTION_FAILED": "no connection could be made",
    "net::ERR_EMPTY_RESPONSE": "the connection was closed before an answer came",
    "net::ERR_CERT_DATE_INVALID": "the certificate has expired or is not valid yet",
    "net::ERR_CERT_COMMON_NAME_INVALID": "the certificate is for another name",
    "net::ERR_CERT_AUTHORITY_INVALID": "the certificate is from an unknown authority",
}


async def _plain_agent(browser: Browser) -> str:
    """What a visitor's Chromium of this version says of itself; "Headless" would get other pages from some shops."""
    return (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{browser.version.partition('.')[0]}.0.0.0 Safari/537.36"
    )
