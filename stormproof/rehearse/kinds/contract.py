"""What a kind of fault promises."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

W = TypeVar("W", bound=BaseModel)


class CannotInject(Exception):
    """The fault could not be injected; nothing was broken. The message says why."""


class FaultKind(Generic[W]):
    """One way to break something. It keeps nothing between calls.

    `prepare` looks and notes exactly what will be hit; the note is committed before `inject`. Both `inject` and `undo`
    are safe to repeat with the same note, so a run whose worker died in between goes on.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    shape: type[W]

    def where(self, with_: W) -> str:
        """What it breaks, in a few words."""
        raise NotImplementedError

    def prepare(self, with_: W) -> dict[str, Any]:
        """What will be hit, as a note; raises `CannotInject` when there is nothing to break."""
        raise NotImplementedError

    def inject(self, with_: W, note: dict[str, Any]) -> None:
        """Break it; raises `CannotInject` when that failed for certain."""
        raise NotImplementedError

    def undo(self, with_: W, note: dict[str, Any]) -> None:
        """Take the fault back as far as this kind can; what is left is the exercise's own `clean_up`."""
