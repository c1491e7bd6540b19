"""Writes the generated pages of docs/reference. `make docs` runs it; a house test compares.

With `--check` it writes nothing and fails when a page is out of date.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stormproof.settings")

import django  # noqa: E402
import typer  # noqa: E402

django.setup()

from stormproof.business.document.reference import schema_reference  # noqa: E402
from stormproof.cli import assembled  # noqa: E402
from stormproof.core.env import settings_reference  # noqa: E402
from stormproof.core.facts import Fact  # noqa: E402

APPS = ("core", "people", "business", "watch", "recover", "respond", "inform", "rehearse", "review")


def commands_reference() -> str:
    """Every command with its help, arguments and options."""
    lines = ["# Commands", "", "`stormproof --help` shows them; each takes `--help` too.", ""]
    root = typer.main.get_command(assembled())
    for path, command in _walk("stormproof", root):
        lines += [f"## {path}", "", inspect.cleandoc(command.help or "").replace("\b", ""), ""]
        rows = [_option_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| argument or option | default | |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def facts_reference() -> str:
    """Every fact, by the app that tells it."""
    lines = ["# Facts", "", "What the stages tell one another, and what the audit trail is made of.", ""]
    for app in APPS:
        told = _facts_of(app)
        if told:
            lines += [f"## {app}", "", "| fact | carries | when |", "|---|---|---|"]
        for fact in told:
            carried = ", ".join(f"`{each.name}`" for each in dataclasses.fields(fact)) or "-"
            lines.append(f"| `{fact.__name__}` | {carried} | {_first_line(fact.__doc__)} |")
        if told:
            lines.append("")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Each generated page and what it must say."""
    folder = ROOT / "docs" / "reference"
    return {
        folder / "settings.md": settings_reference(),
        folder / "commands.md": commands_reference(),
        folder / "facts.md": facts_reference(),
        folder / "continuity-yaml.md": schema_reference(),
    }


def _walk(path: str, command: Any) -> list[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        return [(path, command)]
    return [found for name, child in children.items() for found in _walk(f"{path} {name}", child)]


def _option_row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts) if parameter.param_type_name == "option" else ""
    shown = names or f"`{(parameter.name or '').upper()}`"
    default = "" if parameter.default in (None, False) or callable(parameter.default) else f"`{parameter.default}`"
    about = (getattr(parameter, "help", "") or "").replace("|", "\\|").replace("\n", " ")
    return f"| {shown} | {default} | {about} |"


def _facts_of(app: str) -> list[type[Fact]]:
    try:
        module = importlib.import_module(f"stormproof.{app}.facts")
    except ModuleNotFoundError:
        return []
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Fact)
        and each is not Fact
        and each.__module__.startswith(module.__name__)
    ]
    return sorted(found, key=lambda fact: fact.__name__)


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0].replace("|", "\\|") if text else ""


def main() -> int:
    """Write the pages, or with `--check` say which are out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{'out of date' if '--check' in sys.argv else 'written'}: {path.relative_to(ROOT)}")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages()[path])
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
