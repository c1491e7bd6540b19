"""This tree keeps the rules of the house."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.law import LAWS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_tree_keeps_the_law_against(law: Callable[[Path], list[str]]) -> None:
    assert [complaint.removeprefix(f"{ROOT}/") for complaint in law(ROOT)] == []


def test_calls_go_down_only() -> None:
    kept = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert kept.returncode == 0, kept.stdout
