"""What an answer is expected to say: shared by the kinds that ask something over HTTP or SQL."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field, model_validator

from stormproof.core.document import Duration
from stormproof.recover.kinds.shapes import Shape


class HttpExpectation(Shape):
    """What an HTTP answer must say; a status of the 200s when nothing is given."""

    status: int | list[int] | None = None
    contains: str | None = None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    faster_than: Duration | None = None

    def fault(self, *, status: int, text: str, seconds: float) -> str:
        """What is not as expected, or ""."""
        wanted = [self.status] if isinstance(self.status, int) else self.status
        if status not in (wanted or range(200, 300)):
            return f"status {status}, expected {' or '.join(map(str, wanted)) if wanted else '2xx'}"
        if self.contains is not None and self.contains not in text:
            return f"the answer does not contain {self.contains!r}"
        if self.faster_than is not None and seconds > self.faster_than:
            return f"it took {seconds:.1f} s, expected less than {self.faster_than} s"
        return self._json_fault(text)

    def _json_fault(self, text: str) -> str:
        if self.json_ is None:
            return ""
        try:
            document = json.loads(text)
        except ValueError:
            return "the answer is not JSON"
        for path, wanted in self.json_.items():
            found = value_at(document, path)
            if found != wanted:
                return f"{path} is {json.dumps(found)}, expected {json.dumps(wanted)}"
        return ""


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted `path` (`orders.0.state`); None when there is none."""
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


class SqlExpectation(Shape):
    """What a query must give: its first value, or how many rows it gave or changed."""

    equals: str | int | float | bool | None = None
    at_least: float | None = None
    at_most: float | None = None
    rows: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> SqlExpectation:
        if self.equals is None and self.at_least is None and self.at_most is None and self.rows is None:
            raise ValueError("say what is expected: equals, at_least, at_most or rows")
        return self

    def fault(self, *, value: Any, rows: int) -> str:
        """What is not as expected, or ""."""
        if self.rows is not None and rows != self.rows:
            return f"{rows} rows, expected {self.rows}"
        if self.equals is not None and value != self.equals and str(value) != str(self.equals):
            return f"the value is {value!r}, expected {self.equals!r}"
        return self._range_fault(value)

    def _range_fault(self, value: Any) -> str:
        if self.at_least is None and self.at_most is None:
            return ""
        try:
            number = float(value)
        except (TypeError, ValueError):
            return f"the value is {value!r}, which is no number"
        if self.at_least is not None and number < self.at_least:
            return f"the value is {number:g}, expected at least {self.at_least:g}"
        if self.at_most is not None and number > self.at_most:
            return f"the value is {number:g}, expected at most {self.at_most:g}"
        return ""
