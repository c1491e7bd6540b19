"""Observations lie in partitions that Django does not manage, so Django does not empty them between tests either."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def no_observations_are_left(request: pytest.FixtureRequest) -> None:
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE watch_observation, watch_minute")
