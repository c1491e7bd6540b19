"""Mails of systems that can do nothing else: a raw message (RFC 5322), posted by a mail server's pipe."""

from __future__ import annotations

import re
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

from stormproof.respond.kinds.contract import (
    ERROR,
    WORDS_OF_END,
    WORDS_OF_SEVERITY,
    CannotRead,
    Delivery,
    Kind,
    Report,
    labels_of,
    words,
)

_STATE_WORDS = re.compile(
    r"(?i)\b(re|fwd?|aw|problem|alert|alarm|firing|triggered|critical|warning|error|down|recovery|recovered|resolved|ok|up)\b"
    r"|[\[\]():!*#]|\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?"
)


def read(delivery: Delivery) -> list[Report]:
    """The mail as one alert: its subject without the words of state tells it apart from others of the same sender."""
    try:
        mail = BytesParser(policy=policy.default).parsebytes(delivery.body)
        subject, sender = _header(mail, "subject"), parseaddr(_header(mail, "from"))[1]
        text = _text_of(mail)
    except (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError, RecursionError) as error:
        raise CannotRead("the body is no mail that can be read (RFC 5322)") from error
    if not subject and not sender:
        raise CannotRead("the body is no mail: it has neither Subject nor From")
    said = [word.lower() for word in re.findall(r"[A-Za-z0-9]+", subject)]
    core = " ".join(_STATE_WORDS.sub(" ", subject).split()).lower()
    return [
        Report(
            key=f"{sender.lower()} {core}"[:500],
            name=subject[:200] or "Mail",
            severity=min((WORDS_OF_SEVERITY[word] for word in said if word in WORDS_OF_SEVERITY), default=ERROR)
            if not set(said) & WORDS_OF_END
            else ERROR,
            is_firing=not set(said) & WORDS_OF_END,
            service=sender[:200],
            summary=text[:1000],
            labels=labels_of({"from": sender, "to": parseaddr(_header(mail, "to"))[1]}),
        )
    ]


def _header(mail: EmailMessage, name: str) -> str:
    return words(str(mail.get(name, "")), most=500)


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    raw = part.get_payload(decode=True)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    if part.get_content_type() == "text/html":
        text = re.sub(r"<[^<>]{0,500}>", " ", text[:20_000])
    return words(" ".join(text.split()), most=1000)


KIND = Kind(
    name="mail",
    title="E-mail",
    set_up="Pipe the mails of an address to: curl --data-binary @- {url} (in Postfix an alias of the form |command).",
    read=read,
    sample="""From: nagios@shop.example
To: alerts@shop.example
Subject: PROBLEM: checkout-1/disk is CRITICAL

Disk of checkout-1 is full.""",
)
