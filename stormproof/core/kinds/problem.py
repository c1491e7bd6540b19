"""Why a message did not leave."""

from __future__ import annotations


class CannotSend(Exception):
    """A try failed. `is_final` means that no later try can do better (an address refused for good)."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
