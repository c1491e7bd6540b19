"""Looks at a Redis or Valkey server: PING, one value of INFO, or one command that only reads."""

from __future__ import annotations

import asyncio
import re
import shlex
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten
from stormproof.engine.probe.tcp import open_guarded
from stormproof.engine.probe.thresholds import Thresholds, judge_missing, judge_value

LONGEST_VALUE = 1 << 20
MOST_VALUES = 1000
DEEPEST = 4
_NUMBER = re.compile(r"-?[0-9]{1,19}")
# Commands that change nothing, cost little and give one value, with how many words they take at least and at most.
READING = {
    "PING": (1, 1),
    "DBSIZE": (1, 1),
    "LASTSAVE": (1, 1),
    "GET": (2, 2),
    "STRLEN": (2, 2),
    "EXISTS": (2, 9),
    "TTL": (2, 2),
    "PTTL": (2, 2),
    "TYPE": (2, 2),
    "LLEN": (2, 2),
    "LINDEX": (3, 3),
    "SCARD": (2, 2),
    "SISMEMBER": (3, 3),
    "ZCARD": (2, 2),
    "ZCOUNT": (4, 4),
    "ZSCORE": (3, 3),
    "HLEN": (2, 2),
    "HGET": (3, 3),
    "HEXISTS": (3, 3),
    "XLEN": (2, 2),
    "PFCOUNT": (2, 2),
}


@dataclass(frozen=True, kw_only=True)
class RedisCheck:
    """Where to ask, and what: a name of INFO, a command from `READING`, or neither for PING."""

    url: str
    info: str = ""
    command: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)


def fault_of_redis_url(url: str) -> str:
    """Why the address cannot be used, or ""; never repeats it, for it may hold a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and (parts.port or 1) > 0
        good = good and parts.path.strip("/").isdigit() | (parts.path in ("", "/")) and not parts.query
    except ValueError:
        good = False
    return "" if good else "this is not a Redis address; write redis://user:password@host:6379/0, or rediss:// for TLS"


def read_command(text: str) -> list[str]:
    """The words of a command that only reads; ValueError names those there are."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    least, most = READING.get(words[0].upper(), (0, 0)) if words else (0, 0)
    if not words or not most:
        raise ValueError(f"{text!r} is not a command that only reads; use one of {', '.join(READING)}")
    if not least <= len(words) <= most:
        raise ValueError(f"{words[0].upper()} takes {least - 1} to {most - 1} arguments, here are {len(words) - 1}")
    return [words[0].upper(), *words[1:]]


async def probe_redis(
    check: RedisCheck, *, guard: Guard, deadline_s: float, trust: ssl.SSLContext | None = None
) -> Outcome:
    """Sign in, ask and judge. `trust` replaces the authorities of the machine for rediss."""
    parts = urlsplit(check.url)
    where = f"Redis at {parts.hostname}:{parts.port or 6379}"

    async def look(watch: Stopwatch) -> Outcome:
        if fault := fault_of_redis_url(check.url):
            raise WrongAnswer(fault)
        tls = (trust or ssl.create_default_context()) if parts.scheme == "rediss" else None
        reader, writer = await open_guarded(parts.hostname or "", parts.port or 6379, guard=guard, watch=watch, tls=tls)
        try:
            talk = _Talk(reader, writer, where)
            if parts.password is not None:
                user = [unquote(parts.username)] if parts.username else []
                await talk.ask("AUTH", *user, unquote(parts.password))
            if database := parts.path.strip("/"):
                await talk.ask("SELECT", database)
            return await _ask(check, talk, watch)
        finally:
            writer.transport.abort()

    return await attempt(look, deadline_s=deadline_s, where=where)


async def _ask(check: RedisCheck, talk: _Talk, watch: Stopwatch) -> Outcome:
    if check.info:
        said = await talk.ask("INFO", "everything")
        watch.lap("wait")
        found = read_info(said if isinstance(said, str) else "").get(check.info)
        if found is None:
            return judge_missing(f"INFO has no {check.info}", check.thresholds, watch)
        return judge_value(found, check.thresholds, watch, name=check.info)
    words = read_command(check.command) if check.command else ["PING"]
    value = await talk.ask(*words)
    watch.lap("wait")
    if words == ["PING"] and value != "PONG":
        raise WrongAnswer(f"PING is answered with {shorten(str(value), 60)}, expected PONG")
    if value is None:
        return judge_missing(f"{check.command} gives no value", check.thresholds, watch)
    return judge_value(value, check.thresholds, watch, name=check.command or "the answer to PING")


def read_info(text: str) -> dict[str, str]:
    """The values of INFO by name; Redis' older word for replicas is known by its newer one too."""
    pairs = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    found = {name: value for name, _, value in pairs}
    if "connected_slaves" in found:
        found.setdefault("connected_replicas", found["connected_slaves"])
    return found


class _Talk:
    """One conversation in the protocol of Redis (RESP2)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str) -> None:
        self._reader, self._writer, self._where = reader, writer, where

    async def ask(self, *words: str) -> object:
        """What the server answers; an error it tells is a `WrongAnswer`."""
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word.encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self._writer.write(b"".join(parts))
        return await read_value(self._reader, where=self._where)


async def read_value(reader: asyncio.StreamReader, *, where: str, depth: int = 0) -> object:
    """One value of RESP2, bounded in length, count and depth. Raises `WrongAnswer`."""
    try:
        line = (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError as error:
        raise WrongAnswer(f"{where} does not speak the protocol of Redis") from error
    sign, rest = line[:1], line[1:].decode(errors="replace")
    if sign == b"-":
        raise WrongAnswer(f"{where} says: {shorten(rest, 200)}")
    if sign == b"+":
        return rest
    number = _NUMBER.fullmatch(rest)
    if sign not in (b":", b"$", b"*") or number is None:
        raise WrongAnswer(f"{where} does not speak the protocol of Redis")
    return int(rest) if sign == b":" else await _read_many(reader, sign, int(rest), where=where, depth=depth)


async def _read_many(reader: asyncio.StreamReader, sign: bytes, size: int, *, where: str, depth: int) -> object:
    """A text of `size` bytes or an array of `size` values; None for a size below zero."""
    if size < 0:
        return None
    if sign == b"$":
        if size > LONGEST_VALUE:
            raise WrongAnswer(f"{where} gives a value of more than a MiB")
        return (await reader.readexactly(size + 2))[:-2].decode(errors="replace")
    if size > MOST_VALUES or depth >= DEEPEST:
        raise WrongAnswer(f"{where} gives more than {MOST_VALUES} values")
    return [await read_value(reader, where=where, depth=depth + 1) for _ in range(size)]
