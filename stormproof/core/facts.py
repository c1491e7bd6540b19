"""Facts: what happened, told in the transaction in which it happened, and who reacts to it.

Calls go down, facts go up: a stage tells a fact, and the stages above hold `@on(...)` reactions in their
`reactions.py`. One job is deferred per (fact, reaction) in the same transaction, so nothing is lost, and nothing is
done for a change that was rolled back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db import connection
from django.db.models import QuerySet

from stormproof.core.actor import SYSTEM, Actor
from stormproof.core.clock import now
from stormproof.core.jobs import defer_named
from stormproof.core.live import announce
from stormproof.core.models import FactRecord

origin: ContextVar[str] = ContextVar("origin", default="")  # the request or job in which facts are told
KINDS: dict[str, type[Fact]] = {}
REACTIONS: dict[str, list[str]] = {}  # fact name -> names of reactions
_functions: dict[str, Callable[..., None]] = {}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened. A subclass is a frozen dataclass with a past-tense name and JSON-able fields.

    Each field `x_id` makes the fact part of the history of `x:<id>`. Facts hold ids and words, never secrets.
    """

    about: ClassVar[tuple[str, ...]] = ()  # further live topics, such as "overview"

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__name__ in KINDS and KINDS[cls.__name__].__module__ != cls.__module__:
            raise TypeError(f"two facts are named {cls.__name__}")
        KINDS[cls.__name__] = cls

    def subjects(self) -> list[str]:
        """What this fact is about, as `kind:id`, drawn from its `..._id` fields."""
        found = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_id") and value is not None:
                found.append(f"{field.name.removesuffix('_id')}:{value}")
        return found


F = TypeVar("F", bound=Fact)


def tell(fact: Fact, *, at: datetime, actor: Actor = SYSTEM) -> FactRecord:
    """Write `fact` and defer its reactions, in the caller's transaction; raises RuntimeError outside of one."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{type(fact).__name__} was told outside a transaction; wrap the service in atomic()")
    name = type(fact).__name__
    record = FactRecord.objects.create(
        name=name,
        payload=dataclasses.asdict(fact),
        subjects=fact.subjects(),
        actor=actor.key,
        actor_name=actor.name,
        origin=origin.get(),
        happened_at=at,
        told_at=now(),
    )
    for reaction in REACTIONS.get(name, ()):
        defer_named("core.deliver", queue="facts", fact_id=record.pk, reaction=reaction)
    announce(*record.subjects, name, *fact.about)
    return record


def on(kind: type[F]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a reaction to facts of `kind`: called as `reaction(fact, at=...)` in its own transaction."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = f"{function.__module__.removeprefix('stormproof.')}.{function.__name__}"
        names = REACTIONS.setdefault(kind.__name__, [])
        if name not in names:
            names.append(name)
        _functions[name] = function
        return function

    return register


def reaction_named(name: str) -> Callable[..., None]:
    """The reaction of that name; raises LookupError when the code no longer has it."""
    if name not in _functions:
        raise LookupError(f"there is no reaction {name}: it was renamed or removed while a fact waited for it")
    return _functions[name]


def read_fact(record: FactRecord) -> Fact:
    """The fact that a row holds; raises LookupError for a kind the code no longer has."""
    kind = KINDS.get(record.name)
    if kind is None:
        raise LookupError(f"there is no fact named {record.name}")
    return kind(**record.payload)


def history_of(*subjects: str) -> QuerySet[FactRecord]:
    """The facts about any of `subjects` (`incident:12`), newest first."""
    return FactRecord.objects.filter(subjects__overlap=list(subjects)).order_by("-happened_at", "-id")


@dataclass(frozen=True, kw_only=True)
class ReactionParked(Fact):
    """A reaction kept failing and was set aside; admins are paged."""

    parked_id: int
    reaction: str
    fact_name: str


@dataclass(frozen=True, kw_only=True)
class ParkedReactionRetried(Fact):
    """A person sent a parked reaction again."""

    parked_id: int
    reaction: str


@dataclass(frozen=True, kw_only=True)
class MessageSent(Fact):
    """An outgoing message was accepted by its provider."""

    message_id: int
    key: str
    about_what: str


@dataclass(frozen=True, kw_only=True)
class MessageGaveUp(Fact):
    """An outgoing message failed on every try; whoever posted it hands it to the next channel."""

    message_id: int
    key: str
    about_what: str
    error: str


@dataclass(frozen=True, kw_only=True)
class MessageSentAgain(Fact):
    """A person put a message that was given up back into its lane."""

    message_id: int
    key: str
