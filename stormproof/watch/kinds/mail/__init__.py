"""Sends a mail and waits until it arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stormproof.core.document import Duration
from stormproof.engine.probe.mail import MailCheck, MailServer, Security, probe_mail
from stormproof.engine.probe.outcome import Outcome
from stormproof.watch.kinds.kind import ActiveShape, FormField, Kind, Path, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, SEALED_HELP, FasterThan, Host, Port, Secret

USUAL_PORTS = {"smtp": {"tls": 465, "starttls": 587, "none": 25}, "imap": {"tls": 993, "starttls": 143, "none": 143}}


def _mail_address(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or not domain or any(sign.isspace() or sign in "<>,;\x00" for sign in text):
        raise ValueError(f"{text!r} is not a mail address: write one such as check@shop.example")
    return text


def _folder(text: str) -> str:
    if any(sign in '"\\\r\n\x00' for sign in text) or not text.isascii():
        raise ValueError(f"{text!r} is not a folder that can be asked for: write it as IMAP knows it, without quotes")
    return text


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]
Folder = Annotated[str, Field(max_length=200), AfterValidator(_folder)]


class ServerShape(BaseModel):
    """One side of the way."""

    model_config = ConfigDict(extra="forbid")

    host: Host
    port: Port | None = Field(None, description="The usual one of the security if left out.")
    security: Security = Field("tls", description="tls from the start, starttls, or none.")
    user: str = Field("", max_length=254)
    password: Secret | None = None


class MailShape(ActiveShape):
    """The way of a mail, from a mail server to a mailbox."""

    kind: Literal["mail"]
    every: Duration = Field(300, ge=60, le=86400, description="How often a mail is sent.")
    smtp: ServerShape = Field(description="Takes the mail.")
    imap: ServerShape = Field(description="Holds the mailbox in which it must arrive.")
    sender: MailAddress = Field(description="The address it comes from.")
    recipient: MailAddress = Field(description="The address it goes to.")
    folder: Folder = Field("INBOX", min_length=1, description="Where it must arrive.")
    junk_folder: Folder = Field("", description="Where a mail taken for junk lands; arriving there is degraded.")
    within: Duration = Field(60, ge=5, le=600, description="Later than this is down.")
    faster_than: FasterThan = None

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Self:
        if self.within > self.every:
            raise ValueError("within: a mail must arrive before the next is sent, so it may not be longer than every")
        return self


def _server(shape: ServerShape, protocol: str) -> MailServer:
    return MailServer(
        host=shape.host,
        port=shape.port or USUAL_PORTS[protocol][shape.security],
        security=shape.security,
        user=shape.user,
        password=shape.password or "",
    )


async def _look(shape: MailShape, tools: Tools) -> Outcome:
    check = MailCheck(
        smtp=_server(shape.smtp, "smtp"),
        imap=_server(shape.imap, "imap"),
        sender=shape.sender,
        recipient=shape.recipient,
        folder=shape.folder,
        junk_folder=shape.junk_folder,
        faster_than_s=shape.faster_than,
    )
    return await probe_mail(check, guard=tools.guard, deadline_s=tools.deadline_s, at=tools.at)


def _secrets(config: Mapping[str, Any]) -> list[Path]:
    return [(side, "password") for side in ("smtp", "imap") if "password" in config.get(side, {})]


def _fields_of(side: str, label: str, placeholder: str) -> tuple[FormField, ...]:
    return (
        FormField(path=f"{side}.host", label=f"{label}: host", placeholder=placeholder, required=True),
        FormField(
            path=f"{side}.security", label=f"{label}: security", widget="choice", choices=("tls", "starttls", "none")
        ),
        FormField(
            path=f"{side}.port", label=f"{label}: port", widget="number", help="Empty: the usual one of the security."
        ),
        FormField(path=f"{side}.user", label=f"{label}: user"),
        FormField(path=f"{side}.password", label=f"{label}: password", widget="secret", help=SEALED_HELP),
    )


KIND = Kind(
    name="mail",
    title="Mail round trip",
    purpose="Sends a mail and waits until it arrives in a mailbox: order confirmations really reach customers.",
    icon="mail-fast",
    shape=MailShape,
    target=lambda shape: f"{shape.sender} to {shape.recipient}",
    hosts=lambda shape: [("smtp.host", shape.smtp.host), ("imap.host", shape.imap.host)],
    look=_look,
    secret_paths=_secrets,
    fields=(
        FormField(path="sender", label="From", placeholder="check@shop.example", required=True),
        FormField(path="recipient", label="To", placeholder="check@mailbox.example", required=True),
        *_fields_of("smtp", "Sending (SMTP)", "mail.shop.example"),
        *_fields_of("imap", "Mailbox (IMAP)", "imap.mailbox.example"),
        FormField(
            path="within", label="Arrives within", placeholder="60s", help="Later is down. It deletes its own mails."
        ),
        FormField(path="folder", label="Folder", placeholder="INBOX"),
        FormField(
            path="junk_folder",
            label="Junk folder",
            placeholder="Junk",
            help="A mail that lands there is degraded: customers will not see theirs.",
        ),
        FASTER_THAN_FIELD,
    ),
)
