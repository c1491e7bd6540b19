"""What kinds say alike: a host, a port, a secret, a promise of speed, in the file and in the form."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from stormproof.core.document import FineDuration
from stormproof.watch.kinds.kind import FormField, require_foreign_variable


def _host(text: str) -> str:
    if any(sign.isspace() or sign in "/@\x00" for sign in text):
        raise ValueError(f"{text!r} is not a host: write a name such as mail.shop.example, or an address")
    return text


Host = Annotated[str, Field(min_length=1, max_length=253, description="A name or an address."), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[
    str,
    Field(max_length=4096, description="Kept sealed; env:NAME takes it from the prober's environment."),
    AfterValidator(require_foreign_variable),
]
FasterThan = Annotated[FineDuration | None, Field(gt=0, description="Slower than this is degraded.")]

SEALED_HELP = "Kept sealed. env:NAME takes it from the prober's environment."
FASTER_THAN_FIELD = FormField(
    path="faster_than", label="Faster than", placeholder="500ms", help="Slower than this is degraded, not down."
)
TIMEOUT_FIELD = FormField(
    path="timeout",
    label="Time limit",
    placeholder="5s",
    help="How long one look may take. Empty: half of the interval, at least 1s and at most 10s.",
)
