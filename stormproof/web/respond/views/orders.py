"""The orders an incident hit: the frozen list, its versions, CSV, and freezing them once more."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from stormproof.core.clock import now
from stormproof.core.refusals import NotFound
from stormproof.respond import selectors, services
from stormproof.respond.models import AffectedOrder
from stormproof.web.listing import Column, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.respond.views.acting import incident_of

COLUMNS = (
    Column(name="Order", sort="number", csv=lambda order: order.number),
    Column(name="Placed", sort="placed_at", csv=lambda order: order.placed_at.isoformat()),
    Column(name="State", sort="state", csv=lambda order: order.state),
    Column(name="Amount", sort="amount", csv=lambda order: order.amount, end=True),
    Column(name="Customer (hash)", csv=lambda order: order.customer),
)


@reads(selectors.READ)
def orders(request: Request, number: int) -> HttpResponseBase:
    """The newest version of the list, or the one that is asked for."""
    incident = incident_of(request, number)
    versions = list(selectors.order_snapshots_of(incident))
    wanted = request.GET.get("version", "")
    if wanted and not wanted.isdecimal():
        raise NotFound(f"There is no version {wanted}")
    chosen = (
        selectors.order_snapshot_for(request.actor, incident, int(wanted) if wanted else None) if versions else None
    )
    found = read_list(
        request,
        selectors.orders_of(chosen) if chosen else AffectedOrder.objects.none(),
        noun="orders",
        columns=COLUMNS,
        search=["number__icontains", "state__icontains", "customer__iexact"],
        order="placed_at",
        csv_name=f"orders-inc-{number}-v{chosen.version}" if chosen else "orders",
    )
    if found.wants_csv:
        return found.as_csv()
    context = {
        "incident": incident,
        "list": found,
        "chosen": chosen,
        "versions": versions,
        "has_source": selectors.order_source() is not None,
        "can_act": request.actor.may("respond.act"),
    }
    return render(request, "respond/orders.html", context)


@require_POST
@acts("respond.act")
def freeze(request: Request, number: int) -> HttpResponse:
    """Have the orders frozen once more; the earlier versions stay."""
    services.ask_for_orders(incident_of(request, number), actor=request.actor, at=now())
    messages.success(request, "The orders are being read; the new version shows here in a moment.")
    return redirect("incident_orders", number=number)
