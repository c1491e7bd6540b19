"""What kinds say alike: a host, a port, a secret, a promise of speed, in the file and in the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stormproof.core.document import FineDuration
from stormproof.watch.kinds.kind import FROM_ENV, SEALED, FormField, require_foreign_variable


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


def sealed_address(url: str, fault_of: Callable[[str], str]) -> str:
    """An address with a password in it, written out, sealed or from the environment; ValueError when it is none."""
    if url.startswith(FROM_ENV):
        return require_foreign_variable(url)
    if not url.startswith(SEALED) and (fault := fault_of(url)):
        raise ValueError(fault)
    return url


def target_of_secret(url: str, say: Callable[[str], str]) -> str:
    """What people are shown of a target whose address is a secret; `say` words one that is written out."""
    return url if url.startswith(FROM_ENV) else "a sealed address" if url.startswith(SEALED) else say(url)


def hosts_of_secret(url: str) -> list[tuple[str, str]]:
    """The host of such an address for the guard, when it can be seen before the look."""
    return [] if url.startswith((FROM_ENV, SEALED)) else [("url", urlsplit(url).hostname or "")]


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
