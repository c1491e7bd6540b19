"""A real prober process that speaks only to the API of a real server process."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.db import connection

from stormproof.core.actor import SYSTEM
from stormproof.core.models import FactRecord
from stormproof.watch.models import Place, Prober
from stormproof.watch.services.probers import Lease
from stormproof.watch.services.remote import issue_prober_token
from stormproof.worker.prober.home import HomeIsAway
from stormproof.worker.prober.remote import ServerHome, WrongServer, check_server, read_token, trust_of
from tests.engine.probe.servers import Authority, web_server
from tests.running import free_ports
from tests.watch.probing import ROOT, Site, page_monitor, state_of, wait_for

Processes = list[subprocess.Popen[bytes]]


@pytest.fixture
def started() -> Iterator[Processes]:
    found: Processes = []
    yield found
    for process in found:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def start_server(port: int) -> subprocess.Popen[bytes]:
    database = settings.DATABASES["default"]
    address = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    environment = {**os.environ, "DATABASE_URL": address, "STORMPROOF_PORT": str(port), "STORMPROOF_WEB_WORKERS": "1"}
    return subprocess.Popen([sys.executable, "-m", "stormproof", "web"], cwd=ROOT, env=environment)


def start_remote(port: int, token: Path, folder: Path) -> subprocess.Popen[bytes]:
    """It knows no database: its folder is its own, and the address it is given leads nowhere."""
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "STORMPROOF_DATA_DIR": str(folder),
        "STORMPROOF_ALLOWED_NETWORKS": "127.0.0.0/8",
        "STORMPROOF_SELF_GUARD_TARGETS": "none",
    }
    command = [sys.executable, "-m", "stormproof", "prober", "--server", f"http://127.0.0.1:{port}"]
    return subprocess.Popen([*command, "--token-file", str(token)], cwd=ROOT, env=environment)


@pytest.mark.parts
@pytest.mark.django_db(transaction=True)
def test_what_is_seen_from_afar_arrives_also_after_the_server_was_away(
    site: Site, started: Processes, tmp_path: Path
) -> None:
    monitor, port = page_monitor(site, interval_seconds=2), free_ports(1)
    _, raw = issue_prober_token(name="vm", location="oslo", actor=SYSTEM, at=datetime.now(UTC))
    token = tmp_path / "token"
    token.write_text(raw)
    started.append(start_server(port))
    started.append(start_remote(port, token, tmp_path / "data"))
    wait_for(lambda: state_of(monitor) == "up", 90)
    assert Place.objects.get().location == "oslo"
    assert Prober.objects.filter(is_remote=True, location="oslo").count() == 1
    server = started.pop(0)
    server.kill()
    server.wait()
    seen = Place.objects.get().last_at
    site.status = 503
    started.append(start_server(port))
    wait_for(lambda: state_of(monitor) == "down", 90)
    fact = FactRecord.objects.get(name="MonitorWentDown")
    assert datetime.fromisoformat(fact.payload["failed_since"]) > seen
    remote = started.pop(0)
    remote.terminate()
    remote.wait(timeout=20)
    assert not Prober.objects.exists()


def test_an_address_that_would_show_the_token_is_refused(tmp_path: Path) -> None:
    assert check_server("https://status.example/") == "https://status.example"
    assert check_server("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    for wrong in ("http://status.example", "status.example", "ftp://status.example", "http://127.0.0.1.evil.example"):
        with pytest.raises(WrongServer):
            check_server(wrong)
    (tmp_path / "token").write_text("sp_of_a_person")
    with pytest.raises(WrongServer, match="holds no token for probers"):
        read_token(tmp_path / "token")
    with pytest.raises(WrongServer, match="cannot be read"):
        read_token(tmp_path / "nothing")


def test_a_certificate_that_is_not_believed_is_no_server(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(names=["127.0.0.1"])
    root = tmp_path / "own-root.pem"
    root.write_bytes(authority.root.public_bytes(serialization.Encoding.PEM))
    assert asyncio.run(_renew_over_tls(context, trust_of(root))) == ("oslo", 7)
    with pytest.raises(HomeIsAway, match="certificate verify failed"):
        asyncio.run(_renew_over_tls(context, trust_of(None)))
    with pytest.raises(WrongServer, match="is no file with certificates"):
        trust_of(tmp_path / "nothing.pem")


async def _renew_over_tls(context: ssl.SSLContext, trust: ssl.SSLContext) -> tuple[str, int | None]:
    async def answer(request: web.Request) -> web.Response:
        said = {"prober_id": 7, "location": "oslo", "alive": [], "is_proven": False, "plans": "x"}
        return web.json_response({**said, "at": datetime.now(UTC).isoformat()})

    async with web_server(answer, tls=context) as address:
        home = ServerHome(address, token="spp_x", trust=trust)
        try:
            await home.write([])
            found = await home.renew(Lease(instance="vm"))
            return home.location, found.prober_id if found else None
        finally:
            await home.leave("vm")
