"""The catalogue of vendors: which of them are watched, and a step to watch one that the business needs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from stormproof.business.selectors import nodes_for
from stormproof.watch.kinds.vendor.catalogue import VENDORS, Vendor
from stormproof.watch.models import Monitor
from stormproof.watch.selectors import monitors
from stormproof.web.requests import Request, reads


@dataclass(frozen=True, kw_only=True)
class Row:
    """A vendor, what watches it, the supplier that seems to be it, and where to watch it."""

    vendor: Vendor
    monitors: list[Monitor]
    supplier: str
    add_url: str


@reads("watch.read")
def show_vendors(request: Request) -> HttpResponseBase:
    """Every vendor of the catalogue; those the business names come first."""
    watched: dict[str, list[Monitor]] = {}
    for monitor in monitors(request.actor, kind="vendor"):
        watched.setdefault(str(monitor.config.get("vendor", "")), []).append(monitor)
    nodes = [(node.slug, node.name) for node in nodes_for(request.actor)] if request.actor.may("business.read") else []
    rows = []
    for name, vendor in VENDORS.items():
        words = {name.replace("-", " "), vendor.title.casefold()}
        ours = [(slug, said) for slug, said in nodes if any(word in said.casefold() for word in words)]
        query = urlencode({"vendor": name, **({"on": ours[0][0]} if ours else {})})
        add_url = f"{reverse('monitor-add', args=['vendor'])}?{query}"
        rows.append(
            Row(vendor=vendor, monitors=watched.get(name, []), supplier=ours[0][1] if ours else "", add_url=add_url)
        )
    rows.sort(key=lambda row: (not row.monitors, not row.supplier, row.vendor.group, row.vendor.title))
    context = {"rows": rows, "may_write": request.actor.may("watch.write")}
    return render(request, "watch/vendors.html", context)
