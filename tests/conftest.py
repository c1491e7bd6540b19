"""What all tests share. The database behind them is `tests/database.py`."""

from __future__ import annotations

import pytest

from tests import database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The server starts just before the first test database is made on it: tests without one need none."""
    database.start()
