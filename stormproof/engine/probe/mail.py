"""Sends a mail and waits until it arrives: the whole way from the shop's mail server to a mailbox."""

from __future__ import annotations

import imaplib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Literal
from uuid import uuid4

from stormproof.engine.probe.attempt import WrongAnswer, attempt
from stormproof.engine.probe.blocking import Leash, run_blocking
from stormproof.engine.probe.certificate import say_tls_error
from stormproof.engine.probe.guard import Guard
from stormproof.engine.probe.outcome import Outcome, Stopwatch, shorten

Security = Literal["tls", "starttls", "none"]
SUBJECT = "Stormproof mail check"
LONGEST_LITERAL = 1 << 20
STALE_S = 3600  # an older mail of ours was left behind by a look that ended early
POLL_S = 0.5
_SUBJECT = re.compile(rf"{SUBJECT} (\d{{1,12}})-([0-9a-f]{{32}})")


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """One side: where, how secured, and as whom."""

    host: str
    port: int
    security: Security = "tls"
    user: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class MailCheck:
    """The way of a mail: handed to `smtp` from `sender` to `recipient`, looked for by `imap` in `folder`.

    A mail that arrives in `junk_folder` works, but as no customer wants it: degraded.
    """

    smtp: MailServer
    imap: MailServer
    sender: str
    recipient: str
    folder: str = "INBOX"
    junk_folder: str = ""
    faster_than_s: float | None = None


async def probe_mail(
    check: MailCheck, *, guard: Guard, deadline_s: float, at: datetime, trust: ssl.SSLContext | None = None
) -> Outcome:
    """Send a mail with a fresh token at `at`, wait for it, and delete it and what earlier looks left behind."""
    token = f"{int(at.timestamp())}-{uuid4().hex}"

    async def look(watch: Stopwatch) -> Outcome:
        watch.doing = "handing the mail over"
        await run_blocking(lambda leash: _send(check, token, leash, trust), guard=guard, deadline_s=deadline_s)
        watch.lap("connect", next_is="waiting for the mail to arrive")
        until = time.monotonic() + max(0.0, deadline_s - watch.total_ms / 1000 - 0.5)
        place = await run_blocking(
            lambda leash: _fetch(check, token, leash, trust, until=until, at=at), guard=guard, deadline_s=deadline_s
        )
        watch.lap("wait")
        if not place:
            raise WrongAnswer(f"the mail was taken, but did not arrive in {check.folder} within {deadline_s:g} s")
        worry = f"the mail arrived in {place}, not in {check.folder}" if place != check.folder else ""
        return watch.success(faster_than_s=check.faster_than_s, worry=worry, details={"folder": place})

    return await attempt(look, deadline_s=deadline_s, where="the mail server")


def _said(server: MailServer, what: str, work: Callable[[], Any]) -> Any:
    """What `work` gives; errors of either library and of TLS in the same words, with the server's name."""
    where = f"{what} at {server.host}:{server.port}"
    try:
        return work()
    except ssl.SSLError as error:
        raise WrongAnswer(say_tls_error(error, where=where)) from error
    except smtplib.SMTPResponseException as error:
        text = _text(error.smtp_error)
        raise WrongAnswer(shorten(f"{where} says: {error.smtp_code} {text}", 250)) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, why = next(iter(error.recipients.values()))
        raise WrongAnswer(shorten(f"{where} refuses the recipient: {code} {_text(why)}")) from error
    except (smtplib.SMTPException, imaplib.IMAP4.error) as error:
        raise WrongAnswer(shorten(f"{where}: {error}", 250)) from error
    except ConnectionRefusedError as error:
        raise WrongAnswer(f"{where} refused the connection") from error
    except (OSError, EOFError) as error:
        raise WrongAnswer(f"{where} closed the connection") from error


def _send(check: MailCheck, token: str, leash: Leash, trust: ssl.SSLContext | None) -> None:
    server = check.smtp
    message = EmailMessage()
    message["From"], message["To"] = check.sender, check.recipient
    message["Subject"] = f"{SUBJECT} {token}"
    message["Auto-Submitted"] = "auto-generated"  # nobody answers it with a note of absence
    message.set_content("This mail checks that mail arrives. It deletes itself.\n")

    class Client(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            plain = leash.connect(host, port)
            if server.security != "tls":
                return plain
            return leash.hold((trust or ssl.create_default_context()).wrap_socket(plain, server_hostname=host))

    def send() -> None:
        with Client(server.host, server.port, local_hostname="stormproof", timeout=10) as client:
            if server.security == "starttls":
                client.starttls(context=(trust or ssl.create_default_context()))
                if client.sock is not None:
                    leash.hold(client.sock)
            if server.user:
                client.login(server.user, server.password)
            client.send_message(message)

    _said(server, "the mail server", send)


def _fetch(
    check: MailCheck, token: str, leash: Leash, trust: ssl.SSLContext | None, *, until: float, at: datetime
) -> str:
    """The folder in which the mail arrived, or "" when the time is over; it is deleted there."""
    server = check.imap
    folders = [folder for folder in (check.folder, check.junk_folder) if folder]

    def fetch() -> str:
        client = _imap(server, leash, trust)
        client.login(server.user, server.password)
        place = ""
        while not place:
            place = next((folder for folder in folders if _take(client, folder, token, at)), "")
            if place or time.monotonic() > until:
                break
            time.sleep(POLL_S)
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()
        return place

    found: str = _said(server, "the mailbox", fetch)
    return found


def _imap(server: MailServer, leash: Leash, trust: ssl.SSLContext | None) -> imaplib.IMAP4:
    class Client(imaplib.IMAP4):
        def _create_socket(self, timeout: float | None) -> socket.socket:
            plain = leash.connect(server.host, server.port)
            if server.security != "tls":
                return plain
            return leash.hold((trust or ssl.create_default_context()).wrap_socket(plain, server_hostname=server.host))

        def read(self, size: int) -> bytes:
            if size > LONGEST_LITERAL:
                raise self.abort("it announces more than a MiB")
            return super().read(size)

    client = Client(server.host, server.port, timeout=10)
    if server.security == "starttls":
        client.starttls(trust or ssl.create_default_context())
        leash.hold(client.sock)
    return client


def _take(client: imaplib.IMAP4, folder: str, token: str, at: datetime) -> bool:
    """Whether the mail is in `folder`; it is deleted, and so are mails of looks that ended long ago."""
    status, said = client.select(f'"{folder}"')
    if status != "OK":
        raise WrongAnswer(f"there is no folder {folder}: {shorten(_text(said), 100)}")
    status, said = client.uid("SEARCH", "SUBJECT", f'"{SUBJECT}"')
    ids = _text(said).split()[-500:] if status == "OK" else []
    is_there, gone = False, []
    for number in ids:
        _, parts = client.uid("FETCH", number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        found = _SUBJECT.search(" ".join(_text(parts).split()))
        if found is None:
            continue
        is_ours = found[0].endswith(token)
        if is_ours or at.timestamp() - int(found[1]) > STALE_S:
            is_there = is_there or is_ours
            gone.append(number)
    if gone:
        client.uid("STORE", ",".join(gone), "+FLAGS", r"(\Deleted)")
        client.expunge()
    return is_there


def _text(said: Any) -> str:
    """What the server said as one text, whatever mixture of parts the library gives."""
    if isinstance(said, bytes):
        return said.decode(errors="replace")
    if isinstance(said, list | tuple):
        return " ".join(_text(part) for part in said)
    return said if isinstance(said, str) else ""
