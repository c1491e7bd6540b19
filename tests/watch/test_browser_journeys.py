"""Browser journeys: what may be said of one, the purchase that is one step, and how it is set up in the console."""

from __future__ import annotations

from typing import Any

import pytest

from stormproof.watch.kinds import WrongSettings, read_settings
from stormproof.watch.kinds.browser import check_of
from stormproof.watch.models import Monitor
from tests.watch.make import make_node
from tests.watch.people import client_of

PURCHASE = {"use": "basket-and-checkout", "with": {"product": "/tent", "email": "j-{{run}}@shop.example"}}
SETTINGS: dict[str, Any] = {
    "kind": "browser",
    "on": "shop",
    "start": "https://shop.example",
    "steps": [{"name": "Home", "open": "/", "see": "Tents"}, PURCHASE, {"see": "Order {{order}}"}],
}


def test_a_purchase_is_written_out_into_its_steps() -> None:
    check = check_of(read_settings(SETTINGS))
    assert [step.name for step in check.steps] == [
        "Home",
        "Product page",
        "Into the basket",
        "Basket",
        "To the checkout",
        "As a guest",
        "Where to",
        "Payment",
        "Place the order",
        "see Order {{order}}",
    ]
    assert check.steps[5].fill == {"#id_username": "j-{{run}}@shop.example"}
    assert check.steps[6].select == {"#id_country": "DE"}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([{}], "steps.0: say what the step does: use, open, click"),
        (
            [{"name": "x", **PURCHASE, "open": "/"}],
            "steps.0: a template is a step of its own",
        ),
        ([{"use": "basket-and-checkout"}], "steps.0: with: product is needed; give product, email"),
        (
            [{"use": "basket-and-checkout", "with": {**PURCHASE["with"], "colour": "red"}}],
            "steps.0: with: there is no 'colour'; known are product, email, shop, first_name",
        ),
        (
            [{"use": "basket-and-checkout", "with": {**PURCHASE["with"], "shop": "other"}}],
            "steps.0: with: shop must be one of oscar; write the steps out for another make",
        ),
        ([{"use": "something"}], "steps.0.use: Input should be '' or 'basket-and-checkout'"),
        ([{"open": "/{{order}}"}, PURCHASE], "steps.0: nothing gives {{order}} before it is used; known are run"),
        ([{"open": "/", "keep": {"x": {"cookie": "a"}}}], "steps.0.keep.x: a page is kept of by css or regex"),
    ],
)
def test_steps_that_cannot_be_walked_are_refused_with_their_place(steps: list[Any], problem: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read_settings({**SETTINGS, "steps": steps})
    field, message = wrong.value.problems[0]
    assert (f"{field}: {message}" if field else message).startswith(problem)


@pytest.mark.django_db
def test_a_browser_journey_is_set_up_and_edited_in_the_console() -> None:
    make_node("shop")
    alice = client_of("alice")
    steps = (
        "- {name: Home, open: /, see: Tents}\n- {use: basket-and-checkout, with: {product: /tent, email: a@b.example}}"
    )
    form = {"name": "Buy", "on": "shop", "start": "https://shop.example", "every": "1m", "steps": steps}
    assert alice.post("/monitors/new/browser/", form).status_code == 302
    monitor = Monitor.objects.get(slug="buy")
    assert monitor.config["steps"][1]["with"] == {"product": "/tent", "email": "a@b.example"}
    page = alice.get("/monitors/buy/edit/").content.decode()
    assert "use: basket-and-checkout" in page
    assert alice.get("/monitors/buy/").status_code == 200
