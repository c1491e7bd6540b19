"""Finds one value in a JSON document by a path such as `data.items[0].status` or `data["a.b"][-1]`."""

from __future__ import annotations

import re

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d{1,9})\]|\[\"([^\"]+)\"\]")


class PathMissing(LookupError):
    """The document has nothing at the path; the message names the step that failed."""


def read_path(path: str) -> list[str | int]:
    """The steps of a path: names and list positions. Raises ValueError for a path that cannot be read."""
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        found = _STEP.match(rest, position)
        if found is None:
            raise ValueError(f"{path!r} is not a path: write names and positions like data.items[0].status")
        steps.append(int(found[2]) if found[2] is not None else found[1] or found[3])
        position = found.end()
    return steps


def value_at(document: object, path: str) -> object:
    """The value at `path`; raises `PathMissing`."""
    here = document
    walked = ""
    for step in read_path(path):
        walked += f"[{step}]" if isinstance(step, int) else f".{step}" if walked else str(step)
        if isinstance(here, dict) and str(step) in here:
            here = here[str(step)]
        elif isinstance(here, list) and isinstance(step, int) and -len(here) <= step < len(here):
            here = here[step]
        else:
            raise PathMissing(f"there is no {walked}")
    return here
