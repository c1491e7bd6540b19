"""plan, apply, export, schema and init as they are typed; the database is the test's own."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stormproof.business.models import Revision
from stormproof.business.services import discovery
from stormproof.cli import assembled, business
from stormproof.core.env import Env
from stormproof.core.refusals import Refused
from tests.business.documents import SHOP
from tests.engine.probe.small_shop import small_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _over_the_database_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(business, "use_database", lambda: None)
    here = Env(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(discovery, "env", here)
    monkeypatch.setattr("stormproof.watch.services.monitors.env", here)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "continuity.yaml"
    path.write_text(SHOP)
    return path


def typed(*words: object) -> Result:
    return CliRunner().invoke(assembled(), [str(word) for word in words])


def test_plan_says_by_its_exit_status_what_there_is_to_do(file: Path) -> None:
    assert typed("plan", file).exit_code == 2
    assert typed("apply", file, "--yes").exit_code == 0
    assert typed("plan", file).exit_code == 0
    file.write_text(SHOP.replace("rto: 30m", "rto: 5h"))
    faulty = typed("plan", file)
    assert faulty.exit_code == 1
    assert ":36" in faulty.output
    assert "the RTO 5h is above the MTPD 4h" in faulty.output
    assert Revision.objects.count() == 1


def test_plan_as_json_is_data_also_when_there_are_faults(file: Path) -> None:
    data = json.loads(typed("plan", file, "--json").output)
    assert (data["add"], data["changes"]) == (11, True)
    file.write_text("version: 1\nnothing: {}\n")
    assert json.loads(typed("plan", file, "--json").output)["findings"][0]["field"] == "nothing"


def test_apply_asks_and_does_nothing_when_nobody_can_answer(file: Path) -> None:
    refused = typed("apply", file)
    assert isinstance(refused.exception, Refused)
    assert not Revision.objects.exists()


def test_export_gives_back_a_file_that_changes_nothing(file: Path, tmp_path: Path) -> None:
    typed("apply", file, "--yes")
    copy = tmp_path / "copy.yaml"
    assert typed("export", "--output", copy).exit_code == 0
    assert typed("plan", copy).exit_code == 0


def test_a_file_that_is_not_there_is_refused_with_the_way_out(tmp_path: Path) -> None:
    refused = typed("plan", tmp_path / "nothing.yaml").exception
    assert isinstance(refused, Refused)
    assert "stormproof init" in refused.hint


def test_the_schema_is_json() -> None:
    assert json.loads(typed("schema").output)["properties"]["version"] == {
        "const": 1,
        "description": "The version of this format.",
    }


def test_init_looks_saves_and_puts_under_care(tmp_path: Path) -> None:
    saved = tmp_path / "mine.yaml"
    with small_shop() as (address, _):
        only_looked = typed("init", address, "--output", saved)
        assert isinstance(only_looked.exception, Refused)
        assert not saved.exists()
        done = typed("init", address, "--output", saved, "--yes", "--apply", "--mail", "alice@shop.example")
    assert done.exit_code == 0, done.output
    assert "products/oak-table" in done.output
    assert typed("plan", saved).exit_code == 0
    assert Revision.objects.count() == 1


def test_init_does_not_write_over_a_file(tmp_path: Path) -> None:
    saved = tmp_path / "mine.yaml"
    saved.write_text("mine")
    with small_shop() as (address, _):
        assert isinstance(typed("init", address, "--output", saved, "--yes").exception, Refused)
    assert saved.read_text() == "mine"
