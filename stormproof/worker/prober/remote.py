"""Home over HTTPS, for a prober in another place: no database, a token of its location, and a patient memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from stormproof.core.secrets import CannotOpenSecret, open_with_token
from stormproof.watch.rules import Sighting
from stormproof.watch.services.probers import Lease, Membership
from stormproof.worker.prober.home import BatchRefused, HomeIsAway
from stormproof.worker.prober.plans import Plan, build_plan

LIMIT_S = 10.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
KEEP_ON = (401, 403, 404, 408, 429)  # the token or the server may be mended; what was seen is kept meanwhile
log = structlog.get_logger(__name__)


class WrongServer(Exception):
    """The address, token or certificate authority cannot be used; the message says why and what to do."""


def check_server(address: str) -> str:
    """`address` without its last slash; raises `WrongServer` unless it is https, or http on this very machine."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongServer(f"{address!r} is no address of a server; write https://stormproof.example")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise WrongServer(f"{address} would send the token in the clear; write https://{parts.netloc}")
    return address.rstrip("/")


def read_token(file: Path) -> str:
    """The token in `file`; raises `WrongServer`."""
    try:
        token = file.read_text().strip()
    except OSError as error:
        raise WrongServer(f"the token file {file} cannot be read ({error.strerror})") from error
    if not token.startswith("spp_"):
        raise WrongServer(f"{file} holds no token for probers; `stormproof prober-token` makes one")
    return token


def trust_of(ca_file: Path | None) -> ssl.SSLContext:
    """What server certificates are believed: those of the system, or of one's own authority; raises `WrongServer`."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise WrongServer(f"{ca_file} is no file with certificates of an authority ({error})") from error


class ServerHome:
    """Home behind the API of a server. Its clock counts: moments are corrected by what the two differ."""

    is_remote = True

    def __init__(self, server: str, *, token: str, trust: ssl.SSLContext | None = None) -> None:
        self.location = ""  # the server says which it is, by the token
        self._server, self._token = check_server(server), token
        self._trust = trust or trust_of(None)
        self._session: aiohttp.ClientSession | None = None
        self._instance, self._plans, self._ahead = "", "", timedelta()
        self._reload: Callable[[], None] = lambda: None
        self._parsed: dict[int, Plan] = {}
        self._is_lost = False

    async def prepare(self) -> None:
        """Nothing is needed here: the server sees to its tables."""

    async def renew(self, lease: Lease) -> Membership | None:
        """Renew the lease by POST; a new digest of the plans makes them be fetched."""
        self._instance = lease.instance
        body = {
            "instance": lease.instance,
            "monitors": lease.monitors,
            "late_ms": lease.late_ms,
            "sight": lease.sight,
        }
        asked = time.time()
        try:
            said = await self._ask("POST", "/probers/lease", json.dumps(body).encode())
        except (HomeIsAway, BatchRefused) as error:
            self._note_lost(error)
            return None
        self._note_back()
        self._ahead = datetime.fromisoformat(said["at"]) - datetime.fromtimestamp((asked + time.time()) / 2, UTC)
        self.location = said["location"]
        if said["plans"] != self._plans:
            self._plans = said["plans"]
            self._reload()
        return Membership(prober_id=said["prober_id"], alive=tuple(said["alive"]), is_proven=said["is_proven"])

    async def load(self, *, is_routine: bool) -> Mapping[int, Plan] | None:
        """Fetch the plans; as a matter of routine only when none are there yet, for the lease says when they change."""
        if is_routine and self._parsed:
            return None
        try:
            said = await self._ask("GET", "/probers/plans")
        except (HomeIsAway, BatchRefused) as error:
            self._note_lost(error)
            return None
        self._parsed = {one["monitor_id"]: self._plan_of(one) for one in said}
        return dict(self._parsed)

    def _plan_of(self, said: dict[str, Any]) -> Plan:
        last_at = datetime.fromisoformat(said["last_at"]) if said["last_at"] else None
        about = {"monitor_id": said["monitor_id"], "version": said["version"], "kind_name": said["kind"]}
        about |= {"interval_seconds": said["interval_seconds"], "state": said["state"], "last_at": last_at}
        try:
            return build_plan(config=json.loads(open_with_token(said["sealed"], self._token)), **about)
        except CannotOpenSecret as error:
            return build_plan(config={}, fault=str(error), **about)

    async def write(self, batch: Sequence[Sighting]) -> None:
        """Bring sightings; the batch is named by what is in it, so that it counts once however often it is brought."""
        body = [self._said(sighting) for sighting in batch]
        content = json.dumps(body).encode()
        name = str(uuid.UUID(bytes=sha256(self._instance.encode() + content).digest()[:16]))
        whole = b'{"batch":"%s","instance":%s,"sightings":%s}' % (
            name.encode(), json.dumps(self._instance).encode(), content,
        )  # fmt: skip
        await self._ask("POST", "/probers/sightings", gzip.compress(whole, 5), packed=True)

    def _said(self, sighting: Sighting) -> dict[str, Any]:
        ahead = self._ahead if abs(self._ahead) > timedelta(seconds=1) else timedelta()
        return {
            "monitor_id": sighting.monitor_id,
            "version": sighting.version,
            "at": (sighting.at + ahead).isoformat(),
            "since": (sighting.since + ahead).isoformat(),
            "ok": sighting.ok,
            "confirmed": sighting.confirmed,
            "degraded": sighting.degraded,
            "refused": sighting.refused,
            "reason": sighting.reason[:2000],
            "total_ms": sighting.total_ms,
            "phases": sighting.phases,
            "steps": sighting.steps,
            "about": sighting.about,
        }

    async def listen(self, reload: Callable[[], None], fellows: Callable[[], None]) -> None:
        """The lease's answer says when plans changed, so there is nothing to listen to."""
        self._reload = reload
        await asyncio.Event().wait()

    async def leave(self, instance: str) -> None:
        """End the lease, if the server is there, and close the connection."""
        try:
            await self._ask("DELETE", f"/probers/lease/{instance}")
        except (HomeIsAway, BatchRefused) as error:
            log.warning("prober.lease_not_ended", error=str(error))
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, body: bytes | None = None, *, packed: bool = False) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        try:
            async with self._opened().request(
                method,
                f"{self._server}/api/v1{path}",
                data=body,
                headers=headers,
                ssl=self._trust,
                allow_redirects=False,
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise HomeIsAway(f"{type(error).__name__}: {error}") from error
        if answer.status >= 500 or answer.status in KEEP_ON or 300 <= answer.status < 400:
            raise HomeIsAway(f"{self._server} answered {answer.status}: {text[:200]}")
        if answer.status >= 400:
            raise BatchRefused(f"{self._server} answered {answer.status}: {text[:300]}")
        return json.loads(text) if text else None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=LIMIT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=True, trust_env=False)
        return self._session

    def _note_lost(self, error: Exception) -> None:
        if not self._is_lost:
            log.warning("prober.server_waiting", server=self._server, error=str(error)[:300])
        self._is_lost = True

    def _note_back(self) -> None:
        if self._is_lost:
            log.info("prober.server_back", server=self._server)
        self._is_lost = False
