"""The tests themselves have a database that works out of the box."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.django_db
def test_a_test_gets_postgresql_18() -> None:
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        assert cursor.fetchone()[0].startswith("18")
