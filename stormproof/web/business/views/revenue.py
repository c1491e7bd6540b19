"""The revenue profile: the week as a heat map, set by hand or imported from the shop's orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from stormproof.business import rules, selectors
from stormproof.business.services.revenue import (
    CannotImportRevenue,
    CannotSetRevenue,
    RowError,
    import_revenue,
    orders_in_csv,
    orders_in_database,
    set_revenue,
)
from stormproof.core.clock import now
from stormproof.web.business.forms import MONTHS, ImportForm, RevenueForm
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import money_words

READ, WRITE = "business.read", "business.write"
LEVELS = 10


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One hour of the week."""

    level: int  # 0 to 10, of the best hour
    words: str


@reads(READ)
def revenue_page(request: Request) -> HttpResponse:
    """What the shop earns and when."""
    return _page(request)


@acts(WRITE)
def set_by_hand(request: Request) -> HttpResponse:
    """Set one year with its season."""
    form = RevenueForm(request.POST or None)
    if form.is_valid():
        try:
            set_revenue(yearly=form.clean_yearly(), season=form.season, actor=request.actor, at=now())
        except CannotSetRevenue as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, "The revenue profile is as you said.")
            return redirect("revenue")
    return _page(request, by_hand=form)


@acts(WRITE)
def import_orders(request: Request) -> HttpResponse:
    """Import the profile from a CSV or from the shop's database."""
    form = ImportForm(request.POST or None, request.FILES or None)
    rows: list[RowError] = []
    if form.is_valid():
        try:
            upload = form.cleaned_data["file"]
            if upload:
                orders, note = orders_in_csv(upload.read()), f"{upload.name}"
            else:
                orders = orders_in_database(form.cleaned_data["dsn"], query=form.cleaned_data["query"])
                note = "the shop's database"
            note = f"{len(orders)} orders from {note}"[:300]
            import_revenue(orders, note=note, actor=request.actor, at=now())
        except CannotImportRevenue as refused:
            rows = refused.rows
            form.add_error(refused.field or None, " ".join(filter(None, [f"{refused.message}.", refused.hint])))
        else:
            messages.success(request, f"Imported from {note}.")
            return redirect("revenue")
    return _page(request, importing=form, rows=rows)


def _page(
    request: Request,
    *,
    by_hand: RevenueForm | None = None,
    importing: ImportForm | None = None,
    rows: list[RowError] | None = None,
) -> HttpResponse:
    at, profile, stored = now(), selectors.profile_now(), selectors.revenue_profile()
    currency = selectors.currency()
    faulty = bool((by_hand and by_hand.errors) or (importing and importing.errors))
    context: dict[str, Any] = {
        "stored": stored,
        "days": heat_map(profile, currency),
        "hours": range(24),
        "season": [(month, factor) for month, factor in zip(MONTHS, profile.season, strict=True)],
        "currency": currency,
        "zone": str(profile.zone),
        "sentence": _sentence(profile, currency, at)
        if stored
        else "Nothing is known of the revenue yet: incidents cannot say what they cost.",
        "may_write": request.actor.may(WRITE),
        "by_hand": by_hand or RevenueForm(initial=_initial(stored)),
        "importing": importing or ImportForm(),
        "row_errors": rows or [],
        "back_url": reverse("business"),
    }
    return render(request, "business/revenue.html", context, status=422 if faulty else 200)


def _initial(stored: Any) -> dict[str, Any]:
    if stored is None:
        return {}
    months = {f"month_{n}": f"{factor.normalize():f}" for n, factor in enumerate(stored.season, start=1) if factor != 1}
    return {"yearly": f"{stored.yearly.normalize():f}" if stored.yearly else "", **months}


def _sentence(profile: rules.Profile, currency: str, at: Any) -> str:
    rate = rules.rate_per_hour(profile, at=at)
    year = rules.yearly_of(profile)
    best = max(range(rules.HOURS_OF_WEEK), key=lambda hour: profile.hour_of_week[hour])
    words = f"{money_words(rate, currency)} this hour, {money_words(year, currency)} a year."
    if min(profile.hour_of_week) < max(profile.hour_of_week):
        words += f" The best hour of the week is {rules.DAYS_OF_WEEK[best // 24]} from {best % 24}:00."
    return words


def heat_map(profile: rules.Profile, currency: str) -> list[tuple[str, list[Cell]]]:
    """The week by day, each hour with its level against the best hour."""
    best = max(profile.hour_of_week) or Decimal(1)
    return [
        (
            day,
            [
                Cell(
                    level=round(value / best * LEVELS),
                    words=f"{day} {hour}:00: {money_words(value, currency)}",
                )
                for hour, value in enumerate(profile.hour_of_week[number * 24 : number * 24 + 24])
            ],
        )
        for number, day in enumerate(rules.DAYS_OF_WEEK)
    ]
