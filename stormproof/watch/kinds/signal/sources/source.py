"""What a source of a signal is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from stormproof.engine.probe.guard import Guard
from stormproof.watch.kinds.kind import FROM_ENV, SEALED, require_foreign_variable

DIMENSIONS = ("provider", "method", "device", "country")
MOST_ROWS = 500_000
LONGEST_LABEL = 80


class SourceFailed(Exception):
    """The source gave no usable figures; the message says why and never holds a secret."""


class SourceShape(BaseModel):
    """The settings of a source."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Attempts at one moment: how many, how many were good, what the good ones were worth, and of which slice."""

    at: datetime
    total: int
    good: int
    value: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of source: its settings, how it is read (None: it is pushed), and how much at once."""

    name: str
    title: str
    shape: type[SourceShape]
    read: Callable[[Any, datetime, datetime, Guard], list[Row]] | None
    chunk: timedelta = timedelta(days=1)  # the longest span of one question
    hosts: Callable[[Any], list[tuple[str, str]]] = lambda _shape: []
    secrets: tuple[str, ...] = ()


def web_address(text: str) -> str:
    """`text` when it is an http or https address; ValueError says what to write instead."""
    if not text.startswith(("http://", "https://")) or len(text) < 10:
        raise ValueError(f"{text!r} is not a web address; write https://...")
    return text.rstrip("/")


WebAddress = Annotated[str, AfterValidator(web_address)]
Secret = Annotated[str, AfterValidator(require_foreign_variable)]


def is_open(text: str) -> bool:
    """Whether the text stands for itself, not for a sealed secret or a variable."""
    return not text.startswith((SEALED, FROM_ENV))


def row_of(record: Mapping[str, Any]) -> Row:
    """A row from a record with `at` and, as far as it has them, `total`, `good`, `value` and the dimensions.

    Without `total` a record is one attempt; without `good` it succeeded.
    """
    at = moment_of(record.get("at"))
    total = _whole(record.get("total", 1), "total")
    said = record.get("good", total)
    good = (total if said else 0) if isinstance(said, bool) else _whole(said, "good")
    if good > total:
        raise SourceFailed(f"at {at:%Y-%m-%d %H:%M} there are {good} good of {total}: good must not exceed total")
    labels = {
        name: str(record[name])[:LONGEST_LABEL].replace("\x00", "")
        for name in DIMENSIONS
        if record.get(name) not in (None, "")
    }
    return Row(at=at, total=total, good=good, value=_amount(record.get("value")), labels=labels)


def moment_of(value: object) -> datetime:
    """A moment from a datetime, ISO 8601 text or seconds since 1970; without a zone it is UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError) as error:
        raise SourceFailed(f"{str(value)[:60]!r} is not a moment; give ISO 8601 as `at`") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(value: object, name: str) -> int:
    try:
        number = round(float(str(value)))
    except (ValueError, OverflowError) as error:
        raise SourceFailed(f"{name} is {str(value)[:60]!r}, not a number") from error
    if not 0 <= number <= 2_000_000_000:
        raise SourceFailed(f"{name} is {number}: it must lie between 0 and two thousand million")
    return number


def _amount(value: object) -> float:
    try:
        amount = float(str(value)) if value not in (None, "") else 0.0
    except ValueError as error:
        raise SourceFailed(f"value is {str(value)[:60]!r}, not an amount") from error
    return amount if abs(amount) < 1e15 else 0.0


def rows_of(records: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows from records; refuses more than half a million, which belong grouped by minute."""
    found = []
    for number, record in enumerate(records):
        if number >= MOST_ROWS:
            raise SourceFailed(f"more than {MOST_ROWS:,} rows at once; group them by minute")
        if not isinstance(record, Mapping):
            raise SourceFailed("each row must be an object with `at`")
        found.append(row_of(record))
    return found
