"""`http-request`: something is told to misbehave by a web request, and told to stop by another."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from pydantic import Field, field_validator

from stormproof.recover.kinds.contract import CannotRunStep, StepCall
from stormproof.recover.kinds.http import Http, HttpShape
from stormproof.recover.kinds.shapes import Shape
from stormproof.rehearse.kinds.calls import call_now
from stormproof.rehearse.kinds.contract import CannotInject, FaultKind


class HttpRequestShape(Shape):
    """The request that breaks and the one that mends."""

    request: HttpShape
    undo: HttpShape = Field(description="Takes the fault back; sent at the end, whatever happened.")

    @field_validator("request", "undo")
    @classmethod
    def _may_be_repeated(cls, value: HttpShape) -> HttpShape:
        if value.method in ("POST", "PATCH"):
            raise ValueError("use PUT or DELETE: the request may be sent twice when a worker dies in between")
        return value


class HttpRequest(FaultKind[HttpRequestShape]):
    """Breaks something by a request."""

    name: ClassVar[str] = "http-request"
    title: ClassVar[str] = "Web request"
    shape = HttpRequestShape

    def where(self, with_: HttpRequestShape) -> str:
        """The request."""
        return Http().where(with_.request)

    def prepare(self, with_: HttpRequestShape) -> dict[str, Any]:
        """Nothing to look up beforehand."""
        return {}

    def inject(self, with_: HttpRequestShape, note: dict[str, Any]) -> None:
        """Send the request that breaks."""
        _send(with_.request)

    def undo(self, with_: HttpRequestShape, note: dict[str, Any]) -> None:
        """Send the request that mends."""
        _send(with_.undo)


def _send(request: HttpShape) -> None:
    call: StepCall = call_now("fault", seconds=10, monotonic=time.monotonic())
    try:
        outcome = Http().execute(request, call)
    except CannotRunStep as error:
        raise CannotInject(str(error)) from error
    if outcome.state != "done":
        raise CannotInject(outcome.output[:500])
