"""Importing what the shop earns from its own orders: a file, or its database, each bounded and checked."""

from __future__ import annotations

import ipaddress

import pytest
from django.db import connection

from stormproof.business import selectors
from stormproof.business.services import revenue
from stormproof.business.services.revenue import (
    CannotImportRevenue,
    import_revenue,
    orders_in_csv,
    orders_in_database,
)
from stormproof.core.env import Env
from tests.business.documents import ALICE, AT, SHOP, apply

pytestmark = pytest.mark.django_db
SERIES = "SELECT at, 10.50 FROM generate_series(timestamptz '2026-05-01', '2026-07-31', interval '6 hours') AS at"


@pytest.fixture
def shop_database(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a PostgreSQL that this installation may reach."""
    monkeypatch.setattr(revenue, "env", Env(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),)))
    settings = connection.settings_dict
    port = f"&port={settings['PORT']}" if settings["PORT"] else ""
    return f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={settings['HOST']}{port}"


def test_orders_come_from_the_shops_own_database(shop_database: str) -> None:
    apply(SHOP)
    import_revenue(orders_in_database(shop_database, query=f"{SERIES};"), note="shop", actor=ALICE, at=AT)
    stored = selectors.revenue_profile()
    assert stored is not None
    assert stored.source == "orders"
    assert sorted(set(stored.hour_of_week)) == [0, 10.5]
    assert sum(value > 0 for value in stored.hour_of_week) == 28


def test_a_query_that_writes_is_refused(shop_database: str) -> None:
    apply(SHOP)
    for query in ("DELETE FROM business_node", "SELECT 1, 2; DELETE FROM business_node", "SELECT * FROM nowhere"):
        with pytest.raises(CannotImportRevenue, match="the database says"):
            orders_in_database(shop_database, query=query)
    assert selectors.nodes_in_use().count() == 9


def test_a_query_with_other_columns_or_values_is_named(shop_database: str) -> None:
    with pytest.raises(CannotImportRevenue, match="the query gives 1 columns"):
        orders_in_database(shop_database, query="SELECT 1")
    with pytest.raises(CannotImportRevenue, match="1 of 1 rows cannot be read") as caught:
        orders_in_database(shop_database, query="SELECT 'soon', 5")
    assert "is not a time" in caught.value.rows[0].message


def test_a_database_in_a_private_network_is_refused() -> None:
    with pytest.raises(CannotImportRevenue, match="not allowed here"):
        orders_in_database("postgresql://reader:hunter2@10.0.0.7/shop", query=SERIES)


def test_an_address_may_not_read_files_of_this_machine() -> None:
    with pytest.raises(CannotImportRevenue, match="may not set passfile"):
        orders_in_database("postgresql://reader@10.0.0.7/shop?passfile=/etc/shadow", query=SERIES)


def test_a_csv_with_semicolons_and_naive_times_is_read_in_the_zone_of_the_shop() -> None:
    apply(SHOP)
    (order,) = orders_in_csv("\ufeffplaced_at;total\n2026-07-01T10:00:00;12.50\n".encode())
    assert (order.placed_at.isoformat(), str(order.total)) == ("2026-07-01T10:00:00+02:00", "12.50")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"when,total\n", "the heading lacks placed_at"),
        (b"", "the heading lacks placed_at and total"),
        (b"\xff\xfe", "not UTF-8"),
        (b"placed_at,total\n2026-01-01,-5\n", "1 of 1 rows"),
        (b"placed_at,total\n2026-01-01\n", "1 of 1 rows"),
    ],
)
def test_a_csv_that_cannot_be_read_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(CannotImportRevenue, match=message):
        orders_in_csv(content)


def test_too_few_orders_change_nothing() -> None:
    apply(SHOP)
    before = selectors.revenue_profile()
    with pytest.raises(CannotImportRevenue, match="less than a week"):
        import_revenue([], note="", actor=ALICE, at=AT)
    assert selectors.revenue_profile() == before
