"""The frame around every page: the stages that exist, where they lead, what can be searched and done from anywhere.

An app declares itself with `STAGE = Stage(...)` in `web/<app>/__init__.py`. Nothing else is needed for its line in the
navigation, its results in the search, its commands in the palette and its card in the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from stormproof.core.actor import NOBODY, Actor

APPS = ("overview", "business", "watch", "respond", "recover", "inform", "rehearse", "review", "people", "core")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One result of a search: where it leads, what it is called, what it is and the state it is in."""

    url: str
    name: str
    what: str
    state: str = ""
    icon: str = "arrow-right"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that the palette (or the settings) can go to. `url` is a URL name without arguments."""

    name: str
    url: str
    permission: str = ""
    note: str = ""
    icon: str = "arrow-right"


def _nothing_found(_actor: Actor, _words: str) -> Iterable[Found]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One line of the navigation. `key` is the letter after `g`; `search` finds the stage's things for an actor."""

    name: str
    url: str
    icon: str
    rank: int
    permission: str
    key: str = ""
    in_navigation: bool = True
    pages: tuple[Page, ...] = ()
    settings: tuple[Page, ...] = ()
    search: Callable[[Actor, str], Iterable[Found]] = _nothing_found
    count: Callable[[Actor], int] | None = None  # what waits for a person: the red number beside the name


@lru_cache(maxsize=1)
def stages() -> tuple[Stage, ...]:
    """Every stage that exists, in the order of the navigation."""
    found = []
    for app in APPS:
        name = f"stormproof.web.{app}"
        if find_spec(name) is None:
            continue
        stage = getattr(import_module(name), "STAGE", None)
        if stage is not None:
            found.append(stage)
    return tuple(sorted(found, key=lambda stage: stage.rank))


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; `NOBODY` when no one is signed in."""
    actor: Actor = getattr(request, "actor", NOBODY)
    return actor


def reverse_or_none(name: str, *args: object) -> str | None:
    """The address of the URL named `name`, or None while no such page exists."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def navigation(actor: Actor, path: str) -> list[dict[str, Any]]:
    """The lines of the navigation that `actor` may see, with the current one marked."""
    lines = []
    for stage in stages():
        url = reverse_or_none(stage.url)
        if url is None or not stage.in_navigation or (stage.permission and not actor.may(stage.permission)):
            continue
        current = path == url or (url != "/" and path.startswith(url))
        lines.append(
            {"stage": stage, "url": url, "current": current, "count": stage.count(actor) if stage.count else 0}
        )
    return lines


def pages_for(actor: Actor, words: str = "") -> list[Found]:
    """The pages and acts that `actor` may go to, those whose name or note has every one of `words`."""
    wanted = words.lower().split()
    found = []
    for stage in stages():
        own = Page(name=stage.name, url=stage.url, permission=stage.permission, icon=stage.icon)
        for page in (own, *stage.pages, *stage.settings):
            url = reverse_or_none(page.url)
            text = f"{page.name} {page.note} {stage.name}".lower()
            allowed = not page.permission or actor.may(page.permission)
            if url and allowed and all(word in text for word in wanted):
                found.append(Found(url=url, name=page.name, what=page.note or stage.name, icon=page.icon))
    return found


def things_for(actor: Actor, words: str, *, most: int = 8) -> list[Found]:
    """What the stages' own searches find for `words`, at most `most` a stage; nothing for fewer than two letters."""
    if len(words.strip()) < 2:
        return []
    found: list[Found] = []
    for stage in stages():
        if not stage.permission or actor.may(stage.permission):
            found.extend(list(stage.search(actor, words.strip()))[:most])
    return found
