"""The sample shop by itself: orders, mail, payments, losses, repair. Real parts; no Stormproof."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from stormproof.rehearse.kinds.kill_process import started_at
from tests.examples.shop import SUPERVISE, Shop, ask, kill, open_shop
from tests.running import wait_until

pytestmark = pytest.mark.parts
INITIAL = {"web/web-a": "UP", "web/web-b": "UP", "db/db-a": "UP", "db/db-b": "MAINT"}


@pytest.fixture(scope="module")
def open_one() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture
def shop(open_one: Shop) -> Shop:
    """The module's shop in its initial roles."""
    open_one.supervise("repair")
    ask("POST", f"{open_one.values['CUSTOMERS_URL']}/reset", {})
    return open_one


def orders_while(shop: Shop, customers: int, at_least: int) -> list[str]:
    """Let customers order until so many orders are acknowledged; their numbers."""
    url = shop.values["CUSTOMERS_URL"]
    ask("POST", f"{url}/start", {"customers": customers, "pause": 0.2})
    try:
        wait_until(lambda: len(acknowledged(shop)) >= at_least, seconds=90, why=f"{at_least} orders\n{shop.logs()}")
    finally:
        ask("POST", f"{url}/stop", {})
    return acknowledged(shop)


def acknowledged(shop: Shop) -> list[str]:
    return [order["number"] for order in ask("GET", f"{shop.values['CUSTOMERS_URL']}/orders")[1]["orders"]]


def stored(shop: Shop) -> set[str]:
    with psycopg.connect(shop.values["DB_DSN"]) as connection:
        return {row[0] for row in connection.execute("select number from order_order")}


def test_orders_are_stored_paid_and_confirmed_by_mail(shop: Shop) -> None:
    numbers = orders_while(shop, customers=2, at_least=4)
    assert set(numbers) <= stored(shop)
    charges = ask("GET", f"{shop.values['PSP_A_URL']}/payments/v1/charges")[1]["charges"]
    assert set(numbers) <= {charge["order"] for charge in charges}
    subjects = {message["subject"] for message in ask("GET", f"{shop.values['MAILBOX_URL']}/messages")[1]["messages"]}
    assert {f"Confirmation of order {number}" for number in numbers} <= subjects


def test_every_order_is_on_two_servers_before_it_is_acknowledged(shop: Shop) -> None:
    with psycopg.connect(shop.values["DB_A_DSN"]) as connection:
        row = connection.execute("select application_name, sync_state from pg_stat_replication").fetchone()
    assert row == ("db_b", "sync")


def test_a_request_that_comes_twice_takes_effect_once(shop: Shop) -> None:
    """As HAProxy repeats it when a web server died: the same id, straight to either instance."""
    values = shop.values
    with httpx.Client(base_url=values["WEB_A_URL"], follow_redirects=False) as browser:
        page = browser.get("/catalogue/skerry-2-tent_2/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "quantity": "1"}
        headers = {"X-Request-ID": f"twice-{token[1][:20]}", "Referer": values["WEB_A_URL"]}
        first = browser.post("/basket/add/2/", data=form, headers=headers)
        again = httpx.post(
            f"{values['WEB_B_URL']}/basket/add/2/",
            data=form,
            headers=headers,
            cookies={"csrftoken": browser.cookies["csrftoken"]},
        )
        basket = browser.get("/basket/").text
    assert (first.status_code, again.status_code) == (302, 302)
    assert again.headers["Location"] == first.headers["Location"]
    assert re.search(r'name="form-0-quantity" value="1"', basket)
    assert 'name="form-1-quantity"' not in basket


def test_customers_see_nothing_when_a_web_server_is_killed(shop: Shop) -> None:
    url = shop.values["CUSTOMERS_URL"]
    ask("POST", f"{url}/start", {"customers": 3, "pause": 0.1})
    wait_until(lambda: len(acknowledged(shop)) >= 2, seconds=60, why="two orders")
    kill(shop.pid("web-a"))
    before = len(acknowledged(shop))
    wait_until(lambda: len(acknowledged(shop)) >= before + 4, seconds=90, why="orders after the loss")
    ask("POST", f"{url}/stop", {})
    stats = ask("GET", f"{url}/stats")[1]
    assert (stats["failed"], stats["unplaced"]) == (0, 0), stats
    assert set(acknowledged(shop)) <= stored(shop)


def test_repair_switches_back_after_the_standby_was_promoted_and_loses_no_order(shop: Shop) -> None:
    before = orders_while(shop, customers=2, at_least=3)
    kill(shop.pid("db-a"))
    values = shop.values
    with psycopg.connect(values["DB_B_DSN"], autocommit=True) as connection:
        connection.execute("select pg_promote(true, 20)")
        assert connection.execute("show synchronous_standby_names").fetchone() == ("",)  # it waits for nobody
    shop.supervise("repair")
    assert shop.status["roles"] == {"db-a": "primary", "db-b": "standby"}
    assert shop.status["haproxy"] == INITIAL
    after = orders_while(shop, customers=2, at_least=len(before) + 2)
    assert set(after) <= stored(shop)


def test_repair_starts_a_lost_primary_whose_standby_was_not_promoted(shop: Shop) -> None:
    kill(shop.pid("db-a"))
    shop.supervise("repair")
    assert shop.status["roles"] == {"db-a": "primary", "db-b": "standby"}
    shop.supervise("repair")  # once more changes nothing
    assert shop.status["haproxy"] == INITIAL


def test_payments_go_to_the_other_provider_once_it_is_switched(shop: Shop) -> None:
    values = shop.values
    assert ask("GET", f"{values['WEB_URL']}/ops/payment-provider")[0] == 401
    assert ask("PUT", f"{values['PSP_A_URL']}/mode", {"mode": "down"})[0] == 200
    assert ask("GET", f"{values['WEB_URL']}/healthz/payments")[0] == 503
    token = {"Authorization": f"Bearer {values['OPS_TOKEN']}"}
    assert ask("PUT", f"{values['WEB_URL']}/ops/payment-provider", {"provider": "c"}, **token)[0] == 400
    assert ask("PUT", f"{values['WEB_URL']}/ops/payment-provider", {"provider": "b"}, **token) == (
        200,
        {"provider": "b"},
    )
    numbers = orders_while(shop, customers=2, at_least=2)
    charges = ask("GET", f"{values['PSP_B_URL']}/payments/v1/charges")[1]["charges"]
    assert set(numbers) <= {charge["order"] for charge in charges}


def test_a_provider_charges_once_however_often_it_is_asked(shop: Shop) -> None:
    url = f"{shop.values['PSP_B_URL']}/payments/v1/charges"
    key = {"Idempotency-Key": "order-77"}
    first, again = (ask("POST", url, {"order": "77", "amount": "1.00"}, **key) for _ in range(2))
    assert first == again
    assert ask("POST", url, {"order": "78"})[0] == 400


def test_what_a_killed_supervisor_left_is_adopted(shop: Shop) -> None:
    pids = shop.status["parts"]
    command = [sys.executable, str(SUPERVISE), "repair", "--data", str(shop.data)]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killed.kill()
    killed.wait()
    shop.supervise("up")
    assert shop.status["parts"] == pids


def test_opening_a_shop_that_is_open_leaves_what_is_broken_to_whoever_recovers_it(shop: Shop) -> None:
    kill(shop.pid("db-a"))
    shop.supervise("up")
    assert shop.status["roles"] == {"db-a": "down", "db-b": "standby"}
    shop.supervise("repair")
    assert shop.status["roles"] == {"db-a": "primary", "db-b": "standby"}


def test_down_stops_all_that_was_started_and_up_brings_the_orders_back(shop: Shop) -> None:
    numbers = orders_while(shop, customers=1, at_least=1)
    pids = [pid for pid in shop.status["parts"].values() if pid]
    shop.supervise("down")
    assert [pid for pid in pids if started_at(pid) is not None] == []
    shop.supervise("up")
    assert set(numbers) <= stored(shop)
