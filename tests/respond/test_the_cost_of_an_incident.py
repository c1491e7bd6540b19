"""How many statements opening an incident takes, and that the list stays quick when there are very many."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.respond.make import Shop, go_down, make_monitor

pytestmark = pytest.mark.django_db


def test_opening_an_incident_is_one_transaction_of_few_statements() -> None:
    shop = Shop()
    monitor = make_monitor(shop.database)
    with CaptureQueriesContext(connection) as captured:
        go_down(monitor)
    assert len(captured) <= 72
