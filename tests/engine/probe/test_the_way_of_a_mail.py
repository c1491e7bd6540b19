"""mail, the whole way: a real SMTP server takes it, it lands in a Maildir, a real Dovecot shows it by IMAP."""

from __future__ import annotations

import asyncio
import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.mail import SUBJECT, MailCheck, MailServer, probe_mail
from stormproof.engine.probe.outcome import Outcome
from tests.engine.probe.servers import LOOPBACK, Authority, tcp_server

DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_internal_group = {internal}
default_login_user = {login}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{folder}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password=hush
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Delivery:
    """Puts what it takes into the Maildir, as the mail server of a provider does."""

    def __init__(self, maildir: Path) -> None:
        self.maildir, self.count, self.folder, self.is_losing = maildir, 0, "", False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.count += 1
        if not self.is_losing:
            self.put(bytes(envelope.content or b""))
        return "250 taken"

    def put(self, content: bytes) -> None:
        place = self.maildir / self.folder / "tmp" / f"{time.time_ns()}.test"
        place.write_bytes(content)
        place.chmod(0o644)
        place.rename(place.parent.parent / "new" / place.name)

    def subjects(self) -> list[str]:
        found = [*self.maildir.glob("new/*"), *self.maildir.glob("cur/*")]
        lines = [line for path in found for line in path.read_text().splitlines()]
        return sorted(line.removeprefix("Subject: ") for line in lines if line.startswith("Subject: "))


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[int, Delivery]]:
    """A Dovecot over a Maildir of its own; its port, and the delivery into it."""
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    assert Path(program).exists(), "install it: apt-get install -y dovecot-imapd"
    folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    folder.chmod(0o755)  # its processes run as users of their own and must reach their sockets
    boxes = [f"mail/{box}{part}" for box in ("", ".Junk/") for part in ("new", "cur", "tmp")]
    for name in ("run", "state", "home", *boxes):
        (folder / name).mkdir(parents=True)
    owner = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()  # Dovecot serves no mailbox as root
    for place in (folder / "home", *folder.glob("mail"), *folder.glob("mail/**/*")):
        os.chown(place, owner, -1)
    port, me = free_port(), getpass.getuser()
    internal, login = ("dovecot", "dovenull") if os.geteuid() == 0 else (me, me)
    about = {"folder": folder, "port": port, "uid": owner, "gid": os.getegid(), "internal": internal, "login": login}
    (folder / "config").write_text(DOVECOT.format(**about))
    process = subprocess.Popen([program, "-F", "-c", str(folder / "config")], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 15
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            if client.recv(100).startswith(b"* OK"):
                break
        assert time.monotonic() < end, f"dovecot did not start: {(folder / 'log').read_text()[-500:]}"
        time.sleep(0.1)
    yield port, Delivery(folder / "mail")
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


def sign_in(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
    is_known = data.password == b"hush"
    return AuthResult(success=is_known, handled=is_known)


@pytest.fixture
def way(mailbox: tuple[int, Delivery], tmp_path: Path) -> Iterator[tuple[MailCheck, Delivery, Any]]:
    """A check of the whole way with STARTTLS and sign-in on the sending side."""
    port, delivery = mailbox
    delivery.is_losing, delivery.folder = False, ""
    authority = Authority(tmp_path)
    tls = authority.server_context(names=["127.0.0.1"])
    controller = Controller(
        delivery, hostname="127.0.0.1", port=free_port(), tls_context=tls, authenticator=sign_in, auth_required=True
    )
    controller.start()
    check = MailCheck(
        smtp=MailServer(host="127.0.0.1", port=controller.port, security="starttls", user="shop", password="hush"),
        imap=MailServer(host="127.0.0.1", port=port, security="none", user="probe", password="hush"),
        sender="check@shop.example",
        recipient="probe@mailbox.example",
        junk_folder="Junk",
    )
    yield check, delivery, authority.trust()
    controller.stop()


def look(check: MailCheck, trust: Any, *, deadline_s: float = 20, guard: Guard = LOOPBACK) -> Outcome:
    return asyncio.run(probe_mail(check, guard=guard, deadline_s=deadline_s, at=datetime.now(UTC), trust=trust))


@pytest.mark.parts
def test_a_mail_arrives_and_is_cleaned_up_with_what_was_left_behind(way: tuple[MailCheck, Delivery, Any]) -> None:
    check, delivery, trust = way
    long_ago = int((datetime.now(UTC) - timedelta(hours=3)).timestamp())
    delivery.put(f"Subject: {SUBJECT} {long_ago}-{'a' * 32}\r\n\r\nold\r\n".encode())
    delivery.put(f"Subject: {SUBJECT} {int(time.time())}-{'b' * 32}\r\n\r\nof another prober\r\n".encode())
    delivery.put(b"Subject: An order\r\n\r\nof a customer\r\n")
    found = look(check, trust)
    assert (found.ok, found.degraded, found.reason) == (True, False, "")
    assert found.details == {"folder": "INBOX"}
    left = delivery.subjects()
    assert len(left) == 2
    assert left[0] == "An order"
    assert left[1].endswith("b" * 32)


@pytest.mark.parts
def test_a_mail_in_the_junk_folder_is_degraded(way: tuple[MailCheck, Delivery, Any]) -> None:
    check, delivery, trust = way
    delivery.folder = ".Junk"
    found = look(check, trust)
    assert (found.ok, found.degraded, found.reason) == (True, True, "the mail arrived in Junk, not in INBOX")


@pytest.mark.parts
def test_a_mail_that_is_taken_and_lost_is_down(way: tuple[MailCheck, Delivery, Any]) -> None:
    check, delivery, trust = way
    delivery.is_losing = True
    found = look(check, trust, deadline_s=4)
    assert (found.ok, found.reason) == (False, "the mail was taken, but did not arrive in INBOX within 4 s")


@pytest.mark.parts
def test_what_goes_wrong_on_either_side_is_named(way: tuple[MailCheck, Delivery, Any]) -> None:
    check, _, trust = way
    wrong = replace(check, smtp=replace(check.smtp, password="wrong"))
    assert "the mail server at 127.0.0.1:" in look(wrong, trust).reason
    assert "535" in look(wrong, trust).reason
    assert "wrong" not in look(wrong, trust).reason
    found = look(replace(check, imap=replace(check.imap, password="wrong")), trust)
    assert "the mailbox at 127.0.0.1:" in found.reason
    assert "Authentication failed" in found.reason
    assert "no folder Orders" in look(replace(check, folder="Orders"), trust).reason
    assert "not trusted here" in look(check, None).reason
    away = replace(check, smtp=MailServer(host="127.0.0.1", port=1))
    assert look(away, trust).reason == "the mail server at 127.0.0.1:1 refused the connection"
    assert look(check, trust, guard=Guard()).refused


@pytest.mark.parametrize(
    ("words", "for_ever", "reason"),
    [
        (b"", b"", "no answer within 700 ms (while handing the mail over)"),
        (b"220 ", b"x", "no answer within 700 ms"),
        (b"HTTP/1.1 400 Bad Request\r\n", b"", "the mail server at 127.0.0.1"),
        (b"421 too busy\r\n", b"", "421 too busy"),
        (b"220 " + b"x" * 70000, b"", "the mail server at 127.0.0.1"),
        (b"220-a\r\n" * 100, b"220-a\r\n", "no answer within 700 ms"),
    ],
)
def test_a_server_that_only_pretends_ends_in_a_reason(words: bytes, for_ever: bytes, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(0.01)
        await reader.read(100)
        await asyncio.sleep(3)

    async def run() -> Outcome:
        async with tcp_server(talk) as port:
            server = MailServer(host="127.0.0.1", port=port, security="none")
            check = MailCheck(smtp=server, imap=server, sender="a@shop.example", recipient="b@shop.example")
            return await probe_mail(check, guard=LOOPBACK, deadline_s=0.7, at=datetime.now(UTC))

    begin = time.monotonic()
    found = asyncio.run(run())
    assert not found.ok
    assert reason in found.reason
    assert time.monotonic() - begin < 3
