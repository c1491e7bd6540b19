"""`wait-until`: look at something again and again until it is as it should be, or the time is over."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from stormproof.core.document import FineDuration
from stormproof.core.env import env
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.http import Http, HttpShape
from stormproof.recover.kinds.shapes import Shape
from stormproof.recover.kinds.sql import Sql, SqlShape


class TcpShape(Shape):
    """A port that must take connections."""

    host: str
    port: int = Field(ge=1, le=65535)


class WaitUntilShape(Shape):
    """One condition: exactly one of `http`, `tcp` and `sql`, true `times` times in a row."""

    http: HttpShape | None = None
    tcp: TcpShape | None = None
    sql: SqlShape | None = None
    every: FineDuration = Field(default=0.5, ge=0.05, le=300)
    times: int = Field(default=1, ge=1, le=100)

    @model_validator(mode="after")
    def _one_condition(self) -> WaitUntilShape:
        if sum(condition is not None for condition in (self.http, self.tcp, self.sql)) != 1:
            raise ValueError("give exactly one of http, tcp and sql")
        if self.http and self.http.method not in ("GET", "HEAD", "OPTIONS"):
            raise ValueError("a condition only looks: use GET, HEAD or OPTIONS")
        return self


class WaitUntil(StepKind[WaitUntilShape]):
    """Waits for a condition."""

    name: ClassVar[str] = "wait-until"
    title: ClassVar[str] = "Wait until"
    shape = WaitUntilShape
    touches: ClassVar[bool] = False
    can_probe: ClassVar[bool] = True

    def is_safe_to_repeat(self, with_: WaitUntilShape) -> bool:
        """It only looks."""
        return True

    def faults(self, raw: dict[str, object]) -> list[str]:
        """No parameter may stand in a query."""
        query = raw.get("sql")
        return Sql().faults(query) if isinstance(query, dict) else []

    def where(self, with_: WaitUntilShape) -> str:
        """The condition."""
        if with_.http:
            return f"until {Http().where(with_.http)} answers as expected"
        if with_.sql:
            return f"until {Sql().where(with_.sql)} gives what is expected"
        return f"until {with_.tcp.host}:{with_.tcp.port} takes connections" if with_.tcp else ""

    def execute(self, with_: WaitUntilShape, call: StepCall) -> Outcome:
        """Look every `every` seconds until the condition holds or the deadline comes."""
        in_a_row, looks, last = 0, 0, Verdict("inconclusive", "not looked yet")
        while True:
            last, looks = self.probe(with_, call), looks + 1
            in_a_row = in_a_row + 1 if last.is_done else 0
            if in_a_row >= with_.times:
                return Outcome("done", f"{last.output}\n[after {looks} looks]".strip(), {"looks": looks})
            call.pause(with_.every)
            if call.is_over():
                return Outcome("failed", f"not in time; the last of {looks} looks: {last.output}", {"looks": looks})

    def verify(self, with_: WaitUntilShape, call: StepCall) -> Verdict | None:
        """Nothing beyond the wait itself."""
        return None

    def probe(self, with_: WaitUntilShape, call: StepCall) -> Verdict:
        """One look."""
        if with_.http:
            return Http().probe(with_.http, call)
        if with_.sql:
            return Sql().probe(with_.sql, call)
        if with_.tcp is None:
            raise CannotRunStep("there is no condition")
        try:
            Guard(env.allowed_networks).connect_now(
                with_.tcp.host, with_.tcp.port, max(0.2, min(3.0, call.seconds_left()))
            ).close()
        except AddressRefused as error:
            raise CannotRunStep(str(error)) from error
        except (OSError, NameNotFound) as error:
            return Verdict("not_done", str(error))
        return Verdict("done", f"{with_.tcp.host}:{with_.tcp.port} takes connections")

    def dry_run(self, with_: WaitUntilShape) -> str:
        """Says what it would wait for."""
        return f"would wait {self.where(with_)}"
