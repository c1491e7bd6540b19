"""Writes weeks of past orders with the rhythm a real shop has, so that there is a revenue profile to import."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from oscar.core.loading import get_model

from storefront.catalogue import items

# Orders per hour of the day: quiet nights, lunch, the long evening. Weekdays from Monday: Sunday evening is best.
HOURS = (4, 2, 1, 1, 1, 2, 5, 9, 14, 18, 20, 22, 25, 22, 20, 20, 22, 26, 33, 42, 48, 45, 30, 14)
DAYS = (0.95, 0.9, 0.92, 0.97, 0.9, 1.1, 1.35)
FIRST_NUMBER = 1_000_000_000


def season(day: datetime) -> float:
    """How much above or below the year's mean a month is: summer trips, and the weeks before Christmas."""
    return (0.8, 0.75, 0.85, 1.0, 1.15, 1.25, 1.2, 1.05, 0.9, 0.95, 1.35, 1.6)[day.month - 1]


def moments(start: datetime, weeks: int, per_week: int, chance: random.Random) -> list[datetime]:
    """When orders came in: a Poisson-like number in each hour."""
    mean = sum(HOURS) / 24 * sum(DAYS) / 7
    found = []
    for hour in range(weeks * 168):
        at = start + timedelta(hours=hour)
        expected = per_week / 168 * HOURS[at.hour] * DAYS[at.weekday()] / mean * season(at)
        count = int(expected) + (chance.random() < expected % 1)
        if count and chance.random() < 0.35:
            count = max(0, count + chance.choice((-1, 1)))
        found += [at + timedelta(seconds=chance.randrange(3600)) for _ in range(count)]
    return sorted(found)


class Command(BaseCommand):
    help = "Write weeks of past orders (only once: a shop that has them is left alone)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--weeks", type=int, default=12)
        parser.add_argument("--per-week", type=int, default=420)

    def handle(self, *args: object, **options: int) -> None:
        order_model = get_model("order", "Order")
        if order_model.objects.filter(number=str(FIRST_NUMBER)).exists():
            self.stdout.write("history is there already")
            return
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        when = moments(now - timedelta(weeks=options["weeks"]), options["weeks"], options["per_week"], random.Random(7))
        with transaction.atomic():
            self.write(order_model, when)
        with connection.cursor() as cursor:
            cursor.execute("analyze order_order")
        self.stdout.write(f"{len(when)} past orders over {options['weeks']} weeks")

    def write(self, order_model, when: list[datetime]) -> None:
        chance = random.Random(11)
        goods = items()
        products = {product.upc: product for product in get_model("catalogue", "Product").objects.all()}
        stock = {record.partner_sku: record for record in get_model("partner", "StockRecord").objects.all()}
        orders, lines = [], []
        for number, at in enumerate(when, start=FIRST_NUMBER):
            chosen = [
                (chance.choice(goods), chance.choice((1, 1, 1, 2))) for _ in range(chance.choice((1, 1, 1, 2, 2, 3)))
            ]
            total = sum((item.price * quantity for item, quantity in chosen), Decimal())
            order = order_model(
                number=str(number),
                currency="EUR",
                total_incl_tax=total,
                total_excl_tax=total,
                shipping_incl_tax=0,
                shipping_excl_tax=0,
                status="Sent",
                guest_email=f"customer{chance.randrange(10**6)}@customers.example",
                date_placed=at,
            )
            orders.append(order)
            lines += [(order, item, quantity) for item, quantity in chosen]
        order_model.objects.bulk_create(orders, batch_size=1000)
        line_model = get_model("order", "Line")
        line_model.objects.bulk_create(
            [
                line_of(
                    line_model, order, item=item, quantity=quantity, product=products[item.upc], record=stock[item.upc]
                )
                for order, item, quantity in lines
            ],
            batch_size=1000,
        )


def line_of(line_model, order, *, item, quantity, product, record):
    """One row of an order."""
    price = item.price * quantity
    return line_model(
        order=order,
        partner_name="Harbour warehouse",
        partner_sku=item.upc,
        stockrecord=record,
        product=product,
        title=item.title,
        upc=item.upc,
        quantity=quantity,
        line_price_incl_tax=price,
        line_price_excl_tax=price,
        line_price_before_discounts_incl_tax=price,
        line_price_before_discounts_excl_tax=price,
        unit_price_incl_tax=item.price,
        unit_price_excl_tax=item.price,
        num_allocated=0,
        status="Sent",
    )
