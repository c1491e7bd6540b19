"""`notify`: a message to mail addresses or a webhook, through the outbox, under one key per run and step."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.db import transaction
from pydantic import Field, field_validator, model_validator

from stormproof.core.outbox import post_message
from stormproof.recover.kinds.contract import Outcome, StepCall, StepKind
from stormproof.recover.kinds.http import HttpShape
from stormproof.recover.kinds.shapes import Shape

Address = Annotated[str, Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$", max_length=254)]


class NotifyShape(Shape):
    """Whom to tell and what."""

    email: list[Address] = Field(default_factory=list, max_length=50)
    webhook: str | None = None
    subject: str = Field(default="", max_length=200)
    text: str = Field(min_length=1, max_length=10_000)

    @field_validator("webhook")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        return HttpShape(url=url).url if url else url

    @field_validator("subject")
    @classmethod
    def _one_line(cls, subject: str) -> str:
        if "\n" in subject or "\r" in subject:
            raise ValueError("a subject is one line")
        return subject

    @model_validator(mode="after")
    def _somebody(self) -> NotifyShape:
        if not self.email and not self.webhook:
            raise ValueError("say whom to tell: email or webhook")
        return self


class Notify(StepKind[NotifyShape]):
    """Tells people or programs."""

    name: ClassVar[str] = "notify"
    title: ClassVar[str] = "Message"
    shape = NotifyShape

    def is_safe_to_repeat(self, with_: NotifyShape) -> bool:
        """The key keeps a second one from being posted."""
        return True

    def where(self, with_: NotifyShape) -> str:
        """The addressees."""
        return "tell " + ", ".join([*with_.email, *([with_.webhook] if with_.webhook else [])])

    def execute(self, with_: NotifyShape, call: StepCall) -> Outcome:
        """Post the messages; the outbox sends them."""
        mark = "[Drill] " if call.mode == "drill" else ""
        subject = f"{mark}{with_.subject or with_.text.splitlines()[0][:120]}"
        about = call.reference or f"run:{call.run_id}"
        with transaction.atomic():
            for address in with_.email:
                mail = {"subject": subject, "text": with_.text}
                key = f"{call.key}:{address}"
                post_message(channel="email", address=address, payload=mail, key=key[:160], at=call.at, about=about)
            if with_.webhook:
                json = {"json": {"subject": subject, "text": with_.text, "reference": call.reference}}
                key = f"{call.key}:webhook"
                post_message(channel="webhook", address=with_.webhook, payload=json, key=key, at=call.at, about=about)
        return Outcome("done", f"{len(with_.email) + bool(with_.webhook)} messages in the outbox")

    def dry_run(self, with_: NotifyShape) -> str:
        """Says who would be told."""
        return f"would {self.where(with_)}: {with_.subject or with_.text.splitlines()[0][:120]}"
