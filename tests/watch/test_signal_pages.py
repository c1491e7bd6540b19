"""Pages of signals: who may see them, what they show, how many questions they ask."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stormproof.watch.services.signals.judging import judge_signal
from tests.watch.make import make_node
from tests.watch.people import client_of
from tests.watch.trading import MINUTE, NOW, make_signal, make_trading_signal, trade

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("charlie", 404)])
def test_who_may_see_signals(name: str, status: int) -> None:
    make_signal()
    client = client_of(name)
    assert [client.get(path).status_code for path in ("/signals/", "/signals/payments/")] == [status, status]


def test_a_signal_that_fired_shows_the_slice_the_money_and_the_chart() -> None:
    monitor = make_trading_signal()
    later = NOW + 30 * MINUTE
    trade(monitor, until=later, minutes=30, seed=5, harbour=0.0)
    judge_signal(monitor, at=later)
    client = client_of("bob")
    page = client.get("/signals/payments/?whatif=1").content.decode()
    for words in ("provider <strong>harbour</strong>", "EUR missing", "learning: 15 of 42 days", "pages now"):
        assert words in page
    chart = client.get("/signals/payments/chart/?range=3h").json()
    assert [line["name"] for line in chart["series"]] == ["Actual", "Expected"]
    assert len(chart["area"]["points"]) == len(chart["series"][0]["points"]) == 36
    listed = client.get("/signals/").content.decode()
    assert "Payments by provider harbour" in listed


def test_the_list_asks_as_often_for_ten_signals_as_for_one() -> None:
    client = client_of("bob")
    client.get("/signals/")  # the first page of a session asks once more
    counts = []
    for number in range(2):
        for extra in range(1 + 9 * number):
            monitor = make_signal(f"signal-{number}-{extra}")
            trade(monitor, until=NOW, minutes=5)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get("/signals/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_signal_is_set_up_in_the_console() -> None:
    make_node("checkout", kind="function")
    client = client_of("alice")
    assert "Business signal" in client.get("/monitors/new/").content.decode()
    typed = {
        "name": "Orders",
        "on": "checkout",
        "counts": "orders",
        "measures": "volume",
        "source__type": "woocommerce",
        "source__url": "https://shop.example",
        "source__user": "ck_1",
        "source__secret": "cs_2",
    }
    answer = client.post("/monitors/new/signal/", typed)
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/monitors/orders/")
    wrong = client.post("/monitors/new/signal/", {**typed, "name": "More", "source__url": "shop.example"})
    assert wrong.status_code == 422
    assert "is not a web address" in wrong.content.decode()
