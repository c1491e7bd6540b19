"""Purchases that are the same in every shop of one make, so that a journey need only name what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stormproof.engine.probe.browser import BrowserStep
from stormproof.engine.probe.journey import Take


@dataclass(frozen=True, kw_only=True)
class Template:
    """Steps made from values: those that must be given, and the rest with what they are when left out."""

    needs: tuple[str, ...]
    defaults: Mapping[str, str]
    gives: list[str]
    steps: Callable[[Mapping[str, str]], list[BrowserStep]]
    shops: tuple[str, ...]

    def fault_of(self, values: Mapping[str, str]) -> str:
        """What is wrong with the values given, or ""."""
        missing = [name for name in self.needs if not values.get(name)]
        if missing:
            return f"with: {missing[0]} is needed; give {', '.join(self.needs)}"
        strange = sorted(set(values) - set(self.needs) - set(self.defaults))
        if strange:
            return f"with: there is no {strange[0]!r}; known are {', '.join((*self.needs, *self.defaults))}"
        if values.get("shop", self.shops[0]) not in self.shops:
            return f"with: shop must be one of {', '.join(self.shops)}; write the steps out for another make"
        return ""


def _oscar(values: Mapping[str, str]) -> list[BrowserStep]:
    """A guest's purchase in a django-oscar shop, as its own templates have it."""
    address = {
        "#id_first_name": values["first_name"],
        "#id_last_name": values["last_name"],
        "#id_line1": values["street"],
        "#id_line4": values["city"],
        "#id_postcode": values["postcode"],
    }
    return [
        BrowserStep(name="Product page", open=values["product"], wait_for="#add_to_basket_form [type=submit]"),
        BrowserStep(
            name="Into the basket", click="#add_to_basket_form [type=submit]", see="has been added to your basket"
        ),
        BrowserStep(name="Basket", open="/basket/", wait_for="a[href='/checkout/']"),
        BrowserStep(name="To the checkout", click="a[href='/checkout/']", wait_for="#id_username"),
        BrowserStep(
            name="As a guest",
            fill={"#id_username": values["email"]},
            tick="input[name=options][value=anonymous]",
            click="form:has(#id_username) [type=submit]",
            wait_for="#id_line1",
        ),
        BrowserStep(
            name="Where to",
            fill=address,
            select={"#id_country": values["country"]},
            click="form:has(#id_line1) [type=submit]",
            wait_for="#view_preview",
        ),
        BrowserStep(name="Payment", click="#view_preview", wait_for="#place-order"),
        BrowserStep(
            name="Place the order",
            click="#place-order",
            at="/thank-you",
            see="order number is",
            keep={"order": Take(regex=r"order number is\s*<strong>(\d+)</strong>")},
        ),
    ]


TEMPLATES: dict[str, Template] = {
    "basket-and-checkout": Template(
        needs=("product", "email"),
        defaults={
            "shop": "oscar",
            "first_name": "Stormproof",
            "last_name": "Journey",
            "street": "Test order, do not send",
            "city": "Hamburg",
            "postcode": "20457",
            "country": "DE",
        },
        gives=["order"],
        steps=_oscar,
        shops=("oscar",),
    )
}


def expand(name: str, values: Mapping[str, str]) -> list[BrowserStep]:
    """The steps of a template."""
    template = TEMPLATES[name]
    return template.steps({**template.defaults, **values})
