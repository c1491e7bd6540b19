"""E-mail over SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from stormproof.core.env import env
from stormproof.core.kinds.problem import CannotSend

TIMEOUT_SECONDS = 10


def send_email(address: str, payload: dict[str, Any], key: str) -> None:
    """Hand one mail to the server of `STORMPROOF_SMTP_URL`; the Message-ID is drawn from `key`, so it is stable."""
    if not env.smtp_url:
        raise CannotSend("no mail server is set: set STORMPROOF_SMTP_URL (smtp://user:password@host:587)")
    message = compose(address, payload, key)
    try:
        with _connect(env.smtp_url) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise CannotSend(f"the mail server refused {address}: {code} {reason!r}", is_final=code >= 500) from error
    except (smtplib.SMTPException, OSError) as error:
        raise CannotSend(f"the mail server did not take the mail: {type(error).__name__}: {error}") from error


def compose(address: str, payload: dict[str, Any], key: str) -> EmailMessage:
    """The mail as it goes over the wire (RFC 5322), text first and HTML beside it when given."""
    domain = parseaddr(env.mail_from)[1].partition("@")[2] or "localhost"
    message = EmailMessage()
    message["From"] = env.mail_from
    message["To"] = address
    message["Subject"] = " ".join(str(payload["subject"]).split())
    message["Date"] = format_datetime(datetime.now(tz=UTC))
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
    message["X-Idempotency-Key"] = key
    for name, value in payload.get("headers", {}).items():
        message[name] = " ".join(str(value).split())
    message.set_content(payload["text"])
    if payload.get("html"):
        message.add_alternative(payload["html"], subtype="html")
    return message


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
