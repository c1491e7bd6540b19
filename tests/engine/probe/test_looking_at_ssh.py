"""ssh against a real OpenSSH server, and against servers that only pretend."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.attempt import WrongAnswer
from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.ssh import SshCheck, probe_ssh
from stormproof.engine.probe.ssh_exchange import _Parts, _verify
from tests.engine.probe.servers import LOOPBACK, tcp_server

OTHER = "SHA256:" + "A" * 43


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, str]]]:
    """An sshd with three host keys on a free port; its port and the fingerprints by kind."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    assert Path(program).exists(), "install it: apt-get install -y openssh-server"
    folder = tmp_path_factory.mktemp("sshd")
    Path("/run/sshd").mkdir(exist_ok=True)
    prints = {}
    for kind in ("ed25519", "ecdsa", "rsa"):
        key = folder / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
        said = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True, text=True).stdout
        prints[kind] = said.split()[1]
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        "PidFile none",
        *(f"HostKey {folder / kind}" for kind in prints),
    ]
    (folder / "config").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        assert time.monotonic() < end, "sshd did not start"
        time.sleep(0.05)
    yield port, prints
    process.terminate()
    process.wait()


def look(port: int, *, banner: str = "", **about: Any) -> Outcome:
    wanted = read_condition(banner) if banner else None
    check = SshCheck(host="127.0.0.1", port=port, banner=wanted, **about)
    return asyncio.run(probe_ssh(check, guard=LOOPBACK, deadline_s=5))


@pytest.mark.parts
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_each_kind_of_host_key_is_proven(server: tuple[int, dict[str, str]], kind: str) -> None:
    port, prints = server
    found = look(port, fingerprint=prints[kind], banner="~ ^SSH-2.0-OpenSSH")
    assert (found.ok, found.reason) == (True, "")
    assert found.details["banner"].startswith("SSH-2.0-OpenSSH")


@pytest.mark.parts
def test_another_host_key_is_down_and_those_it_has_are_named(server: tuple[int, dict[str, str]]) -> None:
    port, prints = server
    found = look(port, fingerprint=OTHER)
    assert not found.ok
    assert f"the host key of 127.0.0.1:{port} is another one" in found.reason
    assert prints["ed25519"] in found.reason


@pytest.mark.parts
def test_another_banner_is_down(server: tuple[int, dict[str, str]]) -> None:
    assert "expected ~ dropbear" in look(server[0], banner="~ dropbear").reason


def talk_to(words: list[bytes], *, for_ever: bytes = b"", fingerprint: str = "") -> Outcome:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for word in words:
            writer.write(word)
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(0.01)
        await reader.read(100_000)

    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            check = SshCheck(host="127.0.0.1", port=port, fingerprint=fingerprint)
            return await probe_ssh(check, guard=LOOPBACK, deadline_s=0.7)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("words", "for_ever", "reason"),
    [
        ([b"welcome\r\n", b"SSH-2.0-x\r\n"], b"", ""),
        ([b"220 mail ready\r\n"] * 60, b"", "does not speak SSH"),
        ([b"SSH-1.5-old\r\n"], b"", "does not speak SSH 2: 'SSH-1.5-old'"),
        ([b"SSH-2.0-" + b"x" * 300 + b"\r\n"], b"", "does not speak SSH 2"),
        ([], b"x" * 65536, "does not speak SSH"),
        ([], b"x", "no answer within 700 ms"),
        ([b"\n"] * 3, b"\n", "does not speak SSH"),
    ],
)
def test_a_greeting_that_is_none_ends_in_a_reason(words: list[bytes], for_ever: bytes, reason: str) -> None:
    found = talk_to(words, for_ever=for_ever)
    assert found.ok == (not reason)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"\xff\xff\xff\xff", "a packet of an impossible length"),
        (struct.pack(">IB", 12, 4) + b"\x01" + bytes(10), "ends the conversation"),
        (struct.pack(">IB", 12, 4) + b"\x14" + bytes(10), "a packet that is cut off"),
        (b"", "closed the connection"),
    ],
)
def test_an_exchange_that_is_none_ends_in_a_reason(packet: bytes, reason: str) -> None:
    found = talk_to([b"SSH-2.0-x\r\n", packet], fingerprint=OTHER)
    assert not found.ok
    assert reason in found.reason


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_pass_for_a_signature(blob: bytes, signature: bytes) -> None:
    with pytest.raises(WrongAnswer):
        _verify(blob, signature, b"x" * 32)
    with pytest.raises(WrongAnswer):
        _Parts(blob).take(len(blob) + 1)


def test_a_server_that_may_not_be_asked_is_unknown() -> None:
    check = SshCheck(host="10.0.0.1")
    assert asyncio.run(probe_ssh(check, guard=Guard(), deadline_s=1)).refused
