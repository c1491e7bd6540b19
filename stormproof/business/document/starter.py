"""Turns what a visit found into a starter continuity.yaml that applies as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stormproof.business.document.checking import VERSION
from stormproof.business.document.writing import write_text
from stormproof.engine.probe.visit.findings import Findings, FoundSupplier, Role

TEAM = "shop"
BELOW_STOREFRONT = {"platform", "hosting", "cdn", "dns"}  # services without which no page opens
EVERY = {"home": "30s", "product": "1m", "basket": "30s", "checkout": "30s", "search": "5m"}
MONITORS: Mapping[Role, tuple[str, str, str]] = {  # role: the monitor's slug, name and node
    "home": ("home-page", "Home page", "browsing"),
    "product": ("product-page", "Product page", "browsing"),
    "basket": ("basket-page", "Basket page", "basket"),
    "checkout": ("checkout-page", "Checkout page", "checkout"),
    "search": ("search-page", "Search", "search"),
}
OBJECTIVES: Mapping[str, dict[str, str]] = {
    "browsing": {"rto": "2h", "mtpd": "1d"},
    "search": {"rto": "8h", "mtpd": "3d"},
    "basket": {"rto": "1h", "mtpd": "8h"},
    "payments": {"rto": "1h", "rpo": "0s", "mtpd": "8h"},
    "checkout": {"rto": "1h", "rpo": "0s", "mtpd": "8h", "mbco": "50%"},
}


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the visit cannot know: whom to page, the clock and the money of the shop."""

    mail: str = ""
    time_zone: str = "UTC"
    currency: str = ""
    yearly: str = ""


def starter_document(found: Findings, *, wishes: Wishes, at: datetime) -> str:
    """A continuity.yaml with functions, suppliers, monitors, paging and a status page for what was found."""
    payments = [one for one in found.suppliers if one.service == "payment"]
    document: dict[str, Any] = {
        "version": VERSION,
        "business": {
            "name": found.name,
            "currency": wishes.currency or found.currency or "EUR",
            "time_zone": wishes.time_zone,
            "address": found.address,
        },
        "teams": {TEAM: {"name": "Shop team", "members": [wishes.mail] if wishes.mail else []}},
    }
    if found.suppliers:
        document["suppliers"] = {one.slug: _supplier(one) for one in found.suppliers}
    document["assets"] = _assets(found)
    document["functions"] = _functions(found, payments)
    if wishes.yearly:
        document["revenue"] = {"yearly": wishes.yearly}
    document["monitors"] = _monitors(found)
    document["paging"] = {"teams": {TEAM: {}}, "default_team": TEAM}
    document["status_page"] = {"components": _components(document["functions"]), "publish": "by_person"}
    return f"{_remarks(found, at)}\n{write_text(document)}"


def _remarks(found: Findings, at: datetime) -> str:
    """What a reader should check, as comments."""
    lines = [
        f"Found by looking at {found.address} on {at:%Y-%m-%d}. It applies as it is; then make it yours:",
        "- objectives are our proposal: say what your shop has promised, or can bear;",
        "- revenue_share says how much of the revenue stops with a function;",
        "- what runs behind the pages (databases, servers, warehouse) no visitor can see: add it under assets.",
        *(f"Note: {note}" for note in found.notes),
    ]
    return "\n".join("# " + line.replace("\n", " ").replace("\r", " ")[:200] for line in lines)


def _supplier(one: FoundSupplier) -> dict[str, Any]:
    pages = f" on the {', '.join(one.pages)} page{'s' if len(one.pages) > 1 else ''}" if one.pages else ""
    row = {"name": one.name, "description": f"Seen{pages} ({one.evidence}).", "team": TEAM, "service": one.service}
    return {**row, **({"status_page": one.status_page} if one.status_page else {})}


def _assets(found: Findings) -> dict[str, Any]:
    below = [one.slug for one in found.suppliers if one.service in BELOW_STOREFRONT]
    assets: dict[str, Any] = {
        "domain": {"name": f"Address {found.host}", "type": "dns", "team": TEAM},
    }
    if found.certificate:
        assets["certificate"] = {"name": f"Certificate of {found.host}", "type": "certificate", "team": TEAM}
    assets["storefront"] = {
        "name": "Storefront",
        "description": f"The program that makes the pages{f' ({found.platform})' if found.platform else ''}."[:2000],
        "type": "application",
        "team": TEAM,
        "depends_on": [*assets, *below],
    }
    return assets


def _functions(found: Findings, payments: list[FoundSupplier]) -> dict[str, Any]:
    searching = [one.slug for one in found.suppliers if one.service == "search"]
    paying: list[Any] = [one.slug for one in payments]
    if len(payments) > 1:
        paying = [{"at_least": 1, "of": paying, "label": "payment methods"}]
    functions = {
        "browsing": ("Browsing", "Looking at products", ["storefront"], "95%"),
        "search": ("Search", "Search", ["storefront", *searching], "20%"),
        "basket": ("Basket", "Basket", ["storefront"], "100%"),
        "payments": ("Payments", "Paying", paying, "100%"),
        "checkout": ("Checkout", "Placing orders", ["storefront", "basket", "payments"], "100%"),
    }
    if "search" not in found.pages:
        del functions["search"]
    return {
        slug: {
            "name": name,
            "public_name": public_name,
            "team": TEAM,
            "depends_on": needs,
            "objectives": OBJECTIVES[slug],
            "revenue_share": share,
        }
        for slug, (name, public_name, needs, share) in functions.items()
    }


def _monitors(found: Findings) -> dict[str, Any]:
    monitors: dict[str, Any] = {}
    for role, page in found.pages.items():
        slug, name, node = MONITORS[role]
        monitors[slug] = {"name": name, "on": node, "every": EVERY[role], "kind": "http", "url": page.url}
    if found.certificate:
        monitors["certificate"] = {
            "name": f"Certificate of {found.host}",
            "on": "certificate",
            "every": "1h",
            "kind": "tls",
            "host": found.host,
            "port": found.port,
            "warn_before": "14d",
        }
    monitors["domain"] = {
        "name": f"{found.host} resolves and answers",
        "on": "domain",
        "every": "1m",
        "kind": "tcp",
        "host": found.host,
        "port": found.port,
    }
    return monitors


def _components(functions: Mapping[str, Any]) -> dict[str, Any]:
    return {slug: {"name": row["public_name"]} for slug, row in functions.items()}
