"""What the product says when it will not do what was asked."""

from __future__ import annotations


class Refused(Exception):
    """An act that is not done, with the field, the reason and the way out. Nothing was changed.

    A service subclasses it, named for the act: `CannotPauseMonitor(Refused)`. Doors turn it into
    a field error or a 4xx.
    """

    def __init__(self, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.field, self.hint = message, field, hint


class NotFound(Exception):
    """There is no such thing, or the actor may not know of it. Doors answer 404."""
