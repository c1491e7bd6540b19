"""What a failed journey leaves: the screen, and the requests it made, without what was typed and without cookies."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.async_api import Error, Page, Request

from stormproof.engine.probe.journey import redact

MOST_REQUESTS = 300
SCREEN_MS = 4000
_TOLD = frozenset({"content-type", "content-length", "cache-control", "location", "server", "retry-after", "age"})
_HIDE = """(words) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const word of words) if (node.data.includes(word)) node.data = node.data.split(word).join('•••')
}"""


class Recorder:
    """Notes the requests of a page, as an HTTP archive (HAR 1.2) would; only what is safe to show is noted at all."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def follow(self, page: Page) -> None:
        """Note what `page` asks for from now on."""
        page.on("requestfinished", self._finished)
        page.on("requestfailed", self._failed)

    def as_har(self, typed: Iterable[str]) -> bytes:
        """The archive; `typed` is blanked out wherever it stands."""
        log = {
            "version": "1.2",
            "creator": {"name": "Stormproof", "version": "1"},
            "pages": [],
            "entries": self._entries,
        }
        return redact(json.dumps({"log": log}, ensure_ascii=False), typed).encode()

    async def _finished(self, request: Request) -> None:
        with contextlib.suppress(Error):
            answer = await request.response()
            if answer is not None:
                headers = [{"name": name, "value": value} for name, value in answer.headers.items() if name in _TOLD]
                self._note(request, status=answer.status, status_text=answer.status_text, headers=headers)

    def _failed(self, request: Request) -> None:
        self._note(request, status=0, status_text=request.failure or "failed", headers=[])

    def _note(self, request: Request, *, status: int, status_text: str, headers: list[dict[str, str]]) -> None:
        if len(self._entries) >= MOST_REQUESTS:
            return
        timing = request.timing
        begun = datetime.fromtimestamp(max(0, timing["startTime"]) / 1000, tz=UTC)
        wait, receive = _span(timing, "requestStart", "responseStart"), _span(timing, "responseStart", "responseEnd")
        self._entries.append(
            {
                "startedDateTime": begun.isoformat(),
                "time": max(0, timing["responseEnd"]),
                "request": {
                    "method": request.method,
                    "url": _address(request.url),
                    "httpVersion": "",
                    "cookies": [],
                    "headers": [],
                    "queryString": [],
                    "headersSize": -1,
                    "bodySize": -1,
                    "comment": f"fields sent: {', '.join(_fields(request))}" if request.method == "POST" else "",
                },
                "response": {
                    "status": status,
                    "statusText": status_text,
                    "httpVersion": "",
                    "cookies": [],
                    "headers": headers,
                    "content": {"size": -1, "mimeType": ""},
                    "redirectURL": "",
                    "headersSize": -1,
                    "bodySize": -1,
                },
                "cache": {},
                "timings": {"send": 0, "wait": wait, "receive": receive},
                "_resourceType": request.resource_type,
            }
        )


async def screen_of(page: Page, typed: Iterable[str]) -> bytes | None:
    """The screen as a JPEG, with what was typed hidden; None when the page cannot be drawn any more."""
    with contextlib.suppress(Error):
        for frame in page.frames:
            with contextlib.suppress(Error):
                await frame.evaluate(_HIDE, sorted(set(typed), key=len, reverse=True))
        fields = page.locator("input:not([type=submit]):not([type=button]), textarea, select, [contenteditable=true]")
        return await page.screenshot(type="jpeg", quality=55, mask=[fields], mask_color="#8a93a3", timeout=SCREEN_MS)
    return None


def as_files(screen: bytes | None, har: bytes) -> list[dict[str, str]]:
    """The files as plain data that can travel to the prober."""
    found = [("requests.har", "application/json", har)]
    if screen:
        found.insert(0, ("screenshot.jpg", "image/jpeg", screen))
    return [{"name": name, "media_type": kind, "body": base64.b64encode(body).decode()} for name, kind, body in found]


def _span(timing: Any, start: str, end: str) -> float:
    return round(max(0.0, float(timing[end] - timing[start])), 1)


def _address(url: str) -> str:
    """An address whose query keeps its names and loses its values: a token may stand there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    names = urlencode([(name, "") for name, _ in parse_qsl(parts.query, keep_blank_values=True)])
    return parts._replace(query=names, fragment="").geturl()


def _fields(request: Request) -> list[str]:
    with contextlib.suppress(Error, UnicodeDecodeError):
        if "urlencoded" in request.headers.get("content-type", ""):
            return [name for name, _ in parse_qsl(request.post_data or "", keep_blank_values=True)]
    return ["(not shown)"]
