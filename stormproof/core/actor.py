"""Who acts: a person, a token or the system itself, with what each may do."""

from __future__ import annotations

from dataclasses import dataclass

from stormproof.core.refusals import Refused


class NotAllowed(Refused):
    """The actor lacks the permission that the act needs."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One who acts. `key` is stable and goes into facts: `user:5`, `token:7`, `system:watch`."""

    key: str
    name: str
    permissions: frozenset[str]
    user_id: int | None = None
    is_system: bool = False

    def may(self, permission: str) -> bool:
        """Whether this actor has `permission` (`<app>.<verb>`)."""
        return self.is_system or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise `NotAllowed` unless this actor has `permission`."""
        if not self.may(permission):
            raise NotAllowed(f"{self.name} may not do this: it needs the permission {permission}")


SYSTEM = Actor(key="system", name="Stormproof", permissions=frozenset(), is_system=True)
NOBODY = Actor(key="nobody", name="Nobody", permissions=frozenset())
