"""The HTTP side of the intake: finds the door, reads a bounded body, waits for the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from stormproof.worker.intake.committer import Committer, Connect
from stormproof.worker.intake.door import Answer, Ask, Door

log = structlog.get_logger(__name__)

TOO_LONG = Answer(status=413, body=b"the body is too long\n")
NOT_HERE = Answer(status=404, body=b"there is nothing here\n")
UNREADABLE = Answer(status=400, body=b"the body cannot be read\n")


class Intake:
    """The doors behind one HTTP handler, each with its committer."""

    def __init__(self, doors: Sequence[Door], *, connect: Connect, clock: Callable[[], datetime]) -> None:
        self.committers = [Committer(door, connect=connect, clock=clock) for door in doors]

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        answer = await self._answer(request)
        response = web.Response(
            status=answer.status,
            body=b"" if request.method == "HEAD" else answer.body,
            headers={"Content-Type": answer.content_type, "Cache-Control": "no-store", **answer.headers},
        )
        if answer.status in (400, 413):  # what is left of the body is not read
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> Answer:
        path = request.path
        if path == "/healthz":
            return Answer()
        refused = NOT_HERE
        for committer in self.committers:
            match = committer.door.path.fullmatch(path)
            if match is None:
                continue
            if request.method in committer.door.methods:
                groups = {name: value for name, value in match.groupdict().items() if value is not None}
                return await self._take(request, committer, groups)
            allowed = ", ".join(sorted(committer.door.methods))
            refused = Answer(status=405, body=b"another method is needed\n", headers={"Allow": allowed})
        return refused

    async def _take(self, request: web.BaseRequest, committer: Committer, groups: dict[str, str]) -> Answer:
        door = committer.door
        try:
            body = await _read(request, most=door.longest_body)
        except (HttpProcessingError, web.RequestPayloadError, ValueError):
            return UNREADABLE
        if body is None:
            return TOO_LONG
        ask = Ask(
            method=request.method,
            path=request.path,
            groups=groups,
            query=request.query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            remote=request.remote or "",
        )
        refused = door.refuse(ask) if door.refuse is not None else None
        return refused or await committer.keep(ask)


async def _read(request: web.BaseRequest, *, most: int) -> bytes | None:
    """The body, unpacked if it came packed; None as soon as it is longer than `most`."""
    if (request.content_length or 0) > most:
        return None
    parts, length = [], 0
    async for part in request.content.iter_any():
        length += len(part)
        if length > most:
            return None
        parts.append(part)
    return b"".join(parts)
