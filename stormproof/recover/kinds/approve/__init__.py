"""`approve`: the run waits until enough of the named people say yes, on the page or by a signed link."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from stormproof.recover.choices import Question
from stormproof.recover.kinds.contract import StepKind
from stormproof.recover.kinds.shapes import Shape, Slug


class ApproveShape(Shape):
    """Who may approve, how many must, and what they are asked."""

    question: str = ""
    people: list[str] = Field(default_factory=list)  # e-mail addresses
    team: Slug | None = None
    role: str | None = None
    count: int = Field(default=1, ge=1, le=20)
    second_person: bool = False  # whoever started the run does not count

    @property
    def is_open(self) -> bool:
        """Whether anybody with the permission to approve may."""
        return not (self.people or self.team or self.role)


class Approve(StepKind[ApproveShape]):
    """Asks for approval."""

    name: ClassVar[str] = "approve"
    title: ClassVar[str] = "Approval"
    shape = ApproveShape
    touches: ClassVar[bool] = False
    asks: ClassVar[Question] = Question.APPROVE

    def is_safe_to_repeat(self, with_: ApproveShape) -> bool:
        """Asking again does no harm."""
        return True

    def where(self, with_: ApproveShape) -> str:
        """Who decides."""
        named = [*with_.people, *([f"team {with_.team}"] if with_.team else [])]
        named += [f"role {with_.role.replace('_', ' ')}"] if with_.role else []
        who = ", ".join(named) or "anybody who may approve"
        number = f"{with_.count} of " if with_.count > 1 else ""
        return f"ask {number}{who}" + (", not the one who started it" if with_.second_person else "")

    def dry_run(self, with_: ApproveShape) -> str:
        """Says who would be asked."""
        return f"would {self.where(with_)}"
