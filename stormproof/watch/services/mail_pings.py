"""Takes in pings that come as mail: the address names the heartbeat, words of the subject or text say what it means."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from stormproof.watch.choices import Signal
from stormproof.watch.kinds.heartbeat import HeartbeatShape, heartbeat_of
from stormproof.watch.models import Monitor
from stormproof.watch.rules import LONGEST_BODY, IncomingPing, Taken, kind_by_words
from stormproof.watch.services.heartbeats import take_pings

LONGEST_MAIL = 1_000_000
_TAGS = re.compile(r"<[^>]{0,2000}>")


def take_mail_ping(recipient: str, message: bytes, *, at: datetime) -> Taken:
    """Take a mail in as a ping of the heartbeat its recipient names (`<ping address>@...`).

    Without words in the heartbeat's settings every mail says that the job is done.
    """
    key = key_of_recipient(recipient)
    if key is None:
        return Taken.UNKNOWN
    config = Monitor.objects.filter(ping_key=key, kind="heartbeat").values_list("config", flat=True).first()
    if config is None:
        return Taken.UNKNOWN
    mail = email.message_from_bytes(message[:LONGEST_MAIL], policy=email.policy.default)
    if not isinstance(mail, EmailMessage):
        return Taken.UNKNOWN
    subject, text = _subject_of(mail), _text_of(mail)
    body = f"Subject: {subject}\n\n{text}"
    ping = IncomingPing(
        at=at,
        key=key,
        kind=_kind_of(heartbeat_of(config), subject, text),
        body=body.encode()[:LONGEST_BODY].decode(errors="ignore"),
        body_size=len(body.encode()),
        is_cut=len(body.encode()) > LONGEST_BODY,
        transport="mail",
        agent=f"mail from {_clean(str(mail.get('From', '')))}"[:200],
    )
    return take_pings([ping], at=at)[0]


def key_of_recipient(recipient: str) -> UUID | None:
    """The ping address before the @ of a recipient, also after a plus (`ping+<address>@...`); None for others."""
    local = recipient.strip().strip("<>").partition("@")[0]
    try:
        return UUID(local.rpartition("+")[2])
    except ValueError:
        return None


def _kind_of(shape: HeartbeatShape, subject: str, text: str) -> str:
    if not shape.has_words:
        return Signal.DONE
    places = [said for place, said in (("subject", subject), ("mail", text)) if place in shape.words_in]
    return kind_by_words(
        "\n".join(places),
        failed=shape.fail_words,
        done=shape.done_words,
        started=shape.start_words,
        otherwise=shape.without_words,
    )


def _subject_of(mail: EmailMessage) -> str:
    try:
        return _clean(str(mail.get("Subject", "")))
    except (ValueError, LookupError, IndexError):
        return ""


def _text_of(mail: EmailMessage) -> str:
    """The text of a mail, HTML without its tags; "" for what cannot be read (an unknown charset, a broken part)."""
    try:
        part = mail.get_body(("plain", "html"))
        if part is None:
            return ""
        content = part.get_content()
    except (KeyError, LookupError, ValueError, AttributeError):
        return ""
    text = str(content)
    return _TAGS.sub(" ", text) if part.get_content_type() == "text/html" else text


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:500]
