"""An installation with the sample shop's own document, an hour of observations, and one outage under way."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from stormproof.business.services.document import apply_document
from stormproof.core.actor import SYSTEM
from stormproof.core.delivery import deliver_once
from stormproof.core.facts import REACTIONS
from stormproof.core.models import Delivery, FactRecord
from stormproof.core.ticks import write_tick
from stormproof.inform import services as inform
from stormproof.people.models import User
from stormproof.watch.models import Monitor
from stormproof.watch.rules import Sighting
from stormproof.watch.services.observations import record_sightings
from stormproof.watch.services.upkeep import make_partitions, roll_up

SHOP = Path(__file__).parents[2] / "examples" / "shop" / "continuity.yaml"
STOPPED = ("orders-db", "web-a", "web-b", "checkout-ready", "basket-page", "home-page", "product-page")


def document() -> str:
    """The sample shop's document with addresses that lead nowhere."""
    text = SHOP.read_text().replace("127.0.0.1", "shop.example")
    text = re.sub(r"\$\{\w*PORT\}", "9", text)
    text = re.sub(r"\$\{\w*DSN\}", "postgresql://shop@shop.example:9/shop", text)
    text = re.sub(r"\$\{\w*URL\}", "http://shop.example", text)
    return re.sub(r"\$\{(\w+)\}", r"/nowhere/\1", text)


def fill(at: datetime) -> User:
    """The shop as it runs well at `at`; the person who may do everything."""
    alice = User.objects.create_user("ops@harbour-outdoor.example", "a long pass phrase", name="Alice Berg")
    alice.roles = ["continuity_manager", "responder", "auditor"]
    alice.save()
    for name in ("nightwatch", "payments", "service"):
        User.objects.create_user(f"{name}@harbour-outdoor.example", name=name.capitalize(), roles=["responder"])
    apply_document(document(), door="command", actor=SYSTEM, at=at - timedelta(hours=2))
    make_partitions(at=at)
    for minute in range(61):
        look(at - timedelta(minutes=60 - minute))
    roll_up(at=at)
    inform.refresh_history(at=at)
    for process in ("web", "worker", "prober"):
        write_tick(process, instance=process, at=at + timedelta(minutes=10))
    return alice


def look(at: datetime, *, failing: tuple[str, ...] = ()) -> None:
    """One look at every monitor: those named are seen down, the others up."""
    sightings = [
        Sighting(
            monitor_id=monitor.pk,
            version=monitor.version,
            at=at,
            since=at,
            ok=monitor.slug not in failing,
            confirmed=True,
            reason="" if monitor.slug not in failing else "connection refused",
            total_ms=None
            if monitor.slug in failing
            else 40 + 11 * (monitor.pk % 7) + (at.minute * 7 * monitor.pk) % 23,
        )
        for monitor in Monitor.objects.filter(retired_at__isnull=True)
    ]
    record_sightings(sightings, at=at)


def break_database(at: datetime) -> None:
    """The order database is seen down, and everything that follows has followed."""
    look(at, failing=STOPPED)
    deliver_all(at)


def recover_database(at: datetime) -> None:
    """Everything is seen up again."""
    look(at)
    deliver_all(at)


def deliver_all(at: datetime) -> None:
    """Run every reaction that a worker would have run by now."""
    for _ in range(10):
        done = set(Delivery.objects.values_list("fact_id", "reaction"))
        waiting = [
            (fact.pk, reaction)
            for fact in FactRecord.objects.order_by("id")
            for reaction in REACTIONS.get(fact.name, ())
            if (fact.pk, reaction) not in done
        ]
        if not waiting:
            return
        for fact_id, reaction in waiting:
            with transaction.atomic():
                deliver_once(fact_id=fact_id, reaction=reaction, at=at)
