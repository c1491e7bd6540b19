"""Where the built front end lies: the names `frontend/build.mjs` gave to its files."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

BUILT = Path(__file__).parent / "static" / "built"


class FrontEndNotBuilt(Exception):
    """The assets are missing; the message says how to make them."""


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    path = BUILT / "manifest.json"
    if not path.exists():
        raise FrontEndNotBuilt(
            "the front end is not built: run `make setup`, or `npm ci --ignore-scripts && node build.mjs`"
            " in stormproof/web/frontend"
        )
    names: dict[str, str] = json.loads(path.read_text())
    return names


def is_built() -> bool:
    """Whether the front end has been built."""
    return (BUILT / "manifest.json").exists()


def built_url(name: str) -> str:
    """The address of the built asset `name` (`console.js`); raises `FrontEndNotBuilt` naming the way out."""
    if settings.DEBUG:
        _manifest.cache_clear()
    manifest = _manifest()
    if name not in manifest:
        raise FrontEndNotBuilt(f"the front end has no {name}: run build.mjs again; it made {', '.join(manifest)}")
    return static(f"built/{manifest[name]}")


def licence_texts() -> str:
    """The licence notices of what the front end is made of."""
    return "\n".join(path.read_text() for path in sorted(BUILT.glob("*.LEGAL.txt")))
