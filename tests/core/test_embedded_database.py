"""The embedded PostgreSQL: starts, is adopted, survives crashes, says what is wrong."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stormproof.core import embedded
from stormproof.core.embedded import EmbeddedDatabaseFailed, address_of, database_pid, start_database, stop_database
from stormproof.core.processes import mark_of, wait_until_gone


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that only its owner may enter, like a home folder."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "data"
        stop_database(Path(name) / "data")


def _one(place: Path, query: str) -> object:
    with psycopg.connect(address_of(place), autocommit=True) as link:
        row = link.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_it_starts_with_a_database_on_a_socket_that_only_its_owner_may_enter(place: Path) -> None:
    started = start_database(place, durable=False)
    assert not started.adopted
    assert started.pid == database_pid(place)
    assert _one(place, "select current_database()") == "stormproof"
    assert _one(place, "show server_encoding") == "UTF8"
    assert _one(place, "select datlocale from pg_database where datname = 'stormproof'") == "C.UTF-8"
    assert _one(place, "show listen_addresses") == ""
    assert stat.S_IMODE((place / "postgres").stat().st_mode) == 0o700


def test_a_running_server_is_adopted(place: Path) -> None:
    first = start_database(place, durable=False)
    second = start_database(place, durable=False)
    assert (second.pid, second.adopted) == (first.pid, True)


def test_a_running_server_is_adopted_through_another_name_of_its_folder(place: Path) -> None:
    first = start_database(place, durable=False)
    alias = place.parent / "alias"
    alias.symlink_to(place)
    assert start_database(alias, durable=False).pid == first.pid


def test_what_was_written_is_there_after_kill_9(place: Path) -> None:
    pid = start_database(place).pid
    with psycopg.connect(address_of(place), autocommit=True) as link:
        link.execute("create table kept (n int)")
        link.execute("insert into kept values (7)")
    mark = mark_of(pid)
    assert mark is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(mark, seconds=10)
    assert database_pid(place) is None
    again = start_database(place)
    assert not again.adopted
    assert _one(place, "select n from kept") == 7


def test_a_pid_file_from_before_a_reboot_that_names_a_stranger_is_swept(place: Path) -> None:
    start_database(place, durable=False)
    lines = (place / "postgres" / "postmaster.pid").read_text().splitlines()
    stop_database(place)
    stranger = [str(os.getpid()), *lines[1:]]
    (place / "postgres" / "postmaster.pid").write_text("\n".join(stranger) + "\n")
    assert database_pid(place) is None
    assert not start_database(place, durable=False).adopted


def test_stopping_what_does_not_run_says_so(place: Path) -> None:
    assert stop_database(place) is False
    start_database(place, durable=False)
    assert stop_database(place) is True
    assert stop_database(place) is False


def test_a_path_too_long_for_a_socket_gets_a_short_one(place: Path) -> None:
    deep = place.joinpath(*["a-rather-long-folder-name"] * 5)
    start_database(deep, durable=False)
    assert len(str(embedded.socket_folder(deep))) < 60
    assert _one(deep, "select 1") == 1
    stop_database(deep)


def test_a_folder_with_something_else_in_it_is_refused_and_untouched(place: Path) -> None:
    (place / "postgres").mkdir(parents=True)
    (place / "postgres" / "letter.txt").write_text("dear")
    with pytest.raises(EmbeddedDatabaseFailed, match="is not empty and holds no PostgreSQL"):
        start_database(place, durable=False)
    assert (place / "postgres" / "letter.txt").read_text() == "dear"


def test_a_cluster_of_another_version_is_refused_by_name(place: Path) -> None:
    start_database(place, durable=False)
    stop_database(place)
    (place / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedDatabaseFailed, match="was made by PostgreSQL 17"):
        start_database(place, durable=False)


def test_a_file_in_the_place_of_the_data_folder_is_a_clear_error(place: Path) -> None:
    place.write_text("in the way")
    with pytest.raises(EmbeddedDatabaseFailed, match=r"choose another with STORMPROOF_DATA_DIR"):
        start_database(place, durable=False)


def test_a_setting_the_server_refuses_is_quoted(place: Path) -> None:
    with pytest.raises(EmbeddedDatabaseFailed, match="max_connections"):
        start_database(place, durable=False, settings={"max_connections": "many"})
