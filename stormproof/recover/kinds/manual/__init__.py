"""`manual`: a person does something and says so, with a note as evidence."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from stormproof.recover.choices import Question
from stormproof.recover.kinds.contract import StepKind
from stormproof.recover.kinds.shapes import Shape


class ManualShape(Shape):
    """What to do, and whether a note is wanted."""

    instruction: str = Field(min_length=1, max_length=4000)
    needs_note: bool = False


class Manual(StepKind[ManualShape]):
    """Asks a person to do something."""

    name: ClassVar[str] = "manual"
    title: ClassVar[str] = "By hand"
    shape = ManualShape
    touches: ClassVar[bool] = False
    asks: ClassVar[Question] = Question.MANUAL

    def is_safe_to_repeat(self, with_: ManualShape) -> bool:
        """Asking again does no harm."""
        return True

    def where(self, with_: ManualShape) -> str:
        """The instruction."""
        return with_.instruction

    def dry_run(self, with_: ManualShape) -> str:
        """Says what a person would be asked to do."""
        return f"would ask a person: {with_.instruction}"
