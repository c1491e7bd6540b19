"""The proxy that a browser speaks through: it judges every host and connects to the judged address.

The browser resolves no names itself, so no page, redirect, script or socket gets anywhere around this.
"""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.outcome import say_error

LONGEST_HEAD = 65536
CONNECT_S = 10.0
IDLE_S = 120.0
_HOP = (b"connection:", b"keep-alive:", b"proxy-connection:", b"proxy-authorization:")
Place = tuple[str, int]  # a host and its port
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class GuardedProxy:
    """An HTTP proxy on loopback. `refused` maps each place it would not go to, to the guard's words; `broken` each that
    it could not reach, to what went wrong.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._server: asyncio.Server | None = None
        self.refused: dict[Place, str] = {}
        self.broken: dict[Place, str] = {}

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_S)
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = rest.rpartition(" ")[0]
        parts = urlsplit(f"https://{target}" if method == "CONNECT" else target)
        place = place_of(parts.geturl())
        try:
            there = await self._connect(*place)
        except AddressRefused as error:
            self.refused[place] = str(error)
            return await _say(writer, 403, str(error))
        except (NameNotFound, OSError, ValueError, TimeoutError) as error:
            self.broken[place] = words = _words(error, parts.netloc)
            return await _say(writer, 502, words)
        self.broken.pop(place, None)
        with contextlib.closing(there[1]):
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                return await _join((reader, writer), there)
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            there[1].write(_closing(head, f"{method} {path} HTTP/1.1".encode("latin-1")))
            await asyncio.gather(_pass_on(reader, there[1]), _pass_back(there[0], writer))
        return None

    async def _connect(self, host: str, port: int) -> _Streams:
        failure: OSError = OSError(f"cannot connect to {host}")
        for target in await self._guard.resolve(host, port):
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(target.address, target.port, limit=LONGEST_HEAD)
            except OSError as error:
                failure = error
        raise failure


def place_of(url: str) -> Place:
    """The host and the port that an address leads to; ("", 0) for one that cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    except ValueError:
        return "", 0
    return parts.hostname or "", port


def _closing(head: bytes, first: bytes) -> bytes:
    """A head that ends the connection after its message: the next request may be for another host."""
    lines = [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith(_HOP)]
    return b"\r\n".join([first, *lines, b"Connection: close", b"", b""])


async def _pass_back(source: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await asyncio.wait_for(source.readuntil(b"\r\n\r\n"), IDLE_S)
    while head.split(b" ", 2)[1].startswith(b"1"):  # 100 Continue, 103 Early Hints
        head = await asyncio.wait_for(source.readuntil(b"\r\n\r\n"), IDLE_S)
    writer.write(_closing(head, head.partition(b"\r\n")[0]))
    await _pass_on(source, writer)
    writer.close()


async def _join(here: _Streams, there: _Streams) -> None:
    await asyncio.gather(_pass_on(here[0], there[1]), _pass_on(there[0], here[1]))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        while part := await asyncio.wait_for(source.read(65536), IDLE_S):
            target.write(part)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


def _words(error: Exception, where: str) -> str:
    if isinstance(error, TimeoutError):
        return f"{where} did not answer within {CONNECT_S:g} s"
    return say_error(error, where=where) if isinstance(error, OSError) else str(error)


async def _say(writer: asyncio.StreamWriter, status: int, words: str) -> None:
    body = words.encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    await writer.drain()
