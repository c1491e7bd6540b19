"""What all tests share. The database behind them is `tests/database.py`."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests import database

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=3_000)  # `make fuzz`
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The server starts just before the first test database is made on it: tests without one need none."""
    database.start()


@pytest.fixture(autouse=True, scope="session")
def _append_only_tables_are_emptied_between_tests() -> Iterator[None]:
    """Empty every table after a test that commits, those too that Django does not manage (jobs, facts to seal).

    The triggers that guard the facts sleep while it happens, and only then.
    """
    flush = TransactionTestCase._fixture_teardown

    def flush_with_triggers_asleep(case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers, core_unsealed_fact CASCADE")
        try:
            flush(case)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = origin")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_with_triggers_asleep)
        yield
