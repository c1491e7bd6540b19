"""How an exercise is written: the shapes of `exercises:` in continuity.yaml."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stormproof.core.document import Duration
from stormproof.recover.kinds.http import HttpShape
from stormproof.recover.kinds.shapes import ActionShape, Shape, Slug, Text


class CountShape(Shape):
    """Where a program says what the customers saw."""

    url: str
    list_: str = Field(default="orders", alias="list", description="The key of the list in its JSON answer.")
    number: str = Field(default="number", description="The key of an order's number in an entry.")
    at: str = Field(default="at", description="The key of its moment, in seconds since 1970.")


class FigureShape(Shape):
    """Where a program says one figure."""

    url: str
    key: str = Field(default="failed", description="The key of the figure in its JSON answer.")


class CustomersShape(Shape):
    """Who orders during the exercise, as a program with an address for each act."""

    start: HttpShape
    stop: HttpShape
    reset: HttpShape | None = Field(None, description="Forgets what was counted before.")
    acknowledged: CountShape
    failed: FigureShape | None = None


class OrdersShape(Shape):
    """Where the shop's own orders are."""

    url: str
    query: str = Field(min_length=1, max_length=20_000, description="Gives the numbers of the orders, one a row.")


class ExerciseShape(Shape):
    """The rehearsal of one loss."""

    name: Text
    description: str = Field("", max_length=4000)
    target: Slug = Field(description="What is broken; it must be marked rehearsable.")
    fault: ActionShape
    customers: CustomersShape | None = None
    orders: OrdersShape | None = None
    recovered_when: ActionShape = Field(description="A look (http, sql, tcp by wait-until ...) that says yes again.")
    within: Duration | None = Field(None, description="Recovered within this time, besides the promised RTO.")
    most_failed_requests: int | None = Field(None, ge=0, description="Customers may see at most so many.")
    warm_up: Duration = Field(5, ge=0, le=600, description="Customers order this long before the fault.")
    cool_down: Duration = Field(3, ge=0, le=600, description="Customers order this long after the recovery.")
    give_up_after: Duration = Field(120, ge=5, le=24 * 3600, description="After the fault; then it is cleaned up.")
    detection: Literal["incident", "none"] = Field("incident", description="none: no incident is expected.")
    clean_up: list[ActionShape] = Field(default_factory=list, max_length=20, description="Each is safe to repeat.")

    def file_form(self) -> dict[str, Any]:
        """The exercise as the file would say it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
