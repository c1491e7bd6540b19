"""The documentation is complete and true to the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.law import LAYERS

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reference", ROOT / "scripts" / "write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "facts.md", "continuity-yaml.md"])
def test_the_generated_page_is_up_to_date(name: str) -> None:
    pages = {path.name: (path, text) for path, text in _reference().pages().items()}
    path, text = pages[name]
    assert path.read_text() == text, "run `make docs`"


@pytest.mark.parametrize("app", LAYERS)
def test_an_app_has_a_concepts_page_that_names_its_facts(app: str) -> None:
    page = DOCS / "concepts" / f"{app}.md"
    assert page.exists(), f"write {page.relative_to(ROOT)}: what the app decides, words, facts it tells, limits"
    text = page.read_text()
    assert [fact.__name__ for fact in _reference()._facts_of(app) if fact.__name__ not in text] == []


def test_every_link_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md"]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in _LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_a_decision_is_a_sentence_and_a_reason() -> None:
    for page in (DOCS / "decisions").glob("*.md"):
        title = page.read_text().splitlines()[0]
        assert title.startswith("# "), page.name
        assert len(title.split()) >= 5, f"{page.name}: the title is the decision as a sentence"


def test_every_guide_and_concept_is_reached_from_the_start_page() -> None:
    start = (DOCS / "index.md").read_text()
    pages = [*(DOCS / "guides").glob("*.md"), *(DOCS / "concepts").glob("*.md")]
    assert [page.name for page in pages if f"{page.parent.name}/{page.name}" not in start] == []
