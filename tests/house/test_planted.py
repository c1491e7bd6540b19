"""What breaks the house's rules is found: each kind of break is planted in a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from tests.house import law

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy for all tests here; each takes back what it planted."""
    place = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "built")
    shutil.copytree(ROOT / "stormproof", place / "stormproof", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


@pytest.fixture
def copy(tree: Path) -> Iterator[Path]:
    yield tree
    while _planted:
        path, before = _planted.pop()
        path.unlink() if before is None else path.write_text(before)


_planted: list[tuple[Path, str | None]] = []


def _plant(copy: Path, place: str, text: str) -> None:
    path = copy / "stormproof" / place
    if not path.exists() and path.with_suffix("").is_dir():
        path = path.with_suffix("") / "__init__.py"
    before = path.read_text() if path.exists() else None
    _planted.append((path, before))
    path.write_text(f"{before or ''}\n{text}\n")


@lru_cache
def _known(rule: str) -> set[str]:
    return {complaint.removeprefix(f"{ROOT}/").partition(":")[0] for complaint in getattr(law, rule)(ROOT)}


def _new(copy: Path, rule: str) -> list[str]:
    """What a rule says of the copy that it does not say of this tree."""
    known = _known(rule)
    said = [complaint.removeprefix(f"{copy}/") for complaint in getattr(law, rule)(copy)]
    return [complaint for complaint in said if complaint.partition(":")[0] not in known]


def test_an_upward_import_fails_the_build(copy: Path) -> None:
    _plant(copy, "business/rules.py", "from stormproof.watch import choices  # planted")
    kept = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert kept.returncode == 1
    assert "stormproof.business.rules -> stormproof.watch" in kept.stdout


def test_a_stray_module_fails_the_build(copy: Path) -> None:
    _plant(copy, "watch/utils.py", '"""Planted."""')
    assert _new(copy, "stray_modules") == [
        "stormproof/watch/utils.py: no module of this name belongs in an app; see STYLE"
    ]


def test_a_key_that_points_up_fails_the_build(copy: Path) -> None:
    _plant(
        copy,
        "business/models.py",
        'class Planted(models.Model):\n    incident = models.ForeignKey("respond.Incident", on_delete=models.CASCADE)',
    )
    (complaint,) = _new(copy, "keys_that_point_up")
    assert complaint.endswith(": a key of business points up to respond")


@pytest.mark.parametrize(
    "write",
    [
        "Monitor.objects.create(slug='x')",
        "Monitor.objects.filter(pk=1).update(state='up')",
        "monitor.save(update_fields=['state'])",
        "monitor.delete()",
        "Monitor.objects.bulk_create([])",
        "cursor.execute('UPDATE watch_monitor SET state = 1')",
    ],
)
def test_a_write_outside_services_fails_the_build(copy: Path, write: str) -> None:
    _plant(copy, "web/watch/urls.py", f"def planted(monitor, Monitor, cursor):\n    {write}")
    (complaint,) = _new(copy, "writes_outside_services")
    assert "only services write" in complaint


def test_a_clock_read_below_the_doors_fails_the_build(copy: Path) -> None:
    _plant(copy, "watch/rules.py", "from stormproof.core.clock import now  # planted")
    (complaint,) = _new(copy, "clock_reads")
    assert complaint.endswith(": the moment is passed in as `at`")


def test_a_long_function_fails_the_build(copy: Path) -> None:
    _plant(copy, "watch/choices.py", "def planted():\n" + "    x = 1\n" * 50)
    (complaint,) = _new(copy, "too_long")
    assert "planted has 51 lines" in complaint
