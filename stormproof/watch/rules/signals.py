"""What a signal says, in words, and how far it is with learning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

LEARNS_FOR = timedelta(days=42)
JUDGES_AFTER = timedelta(days=14)
QUIET, TICKET, PAGE = "quiet", "ticket", "page"
NAMED_FROM = 0.3  # a slice is named when so much of what is missing is its own doing


def learning_words(history_from: datetime | None, cursor: datetime | None) -> str:
    """ "learning: 12 of 42 days" while the baseline is not whole, else ""."""
    if history_from is None or cursor is None:
        return f"learning: 0 of {LEARNS_FOR.days} days"
    days = (cursor - history_from).days
    return f"learning: {days} of {LEARNS_FOR.days} days" if days < LEARNS_FOR.days else ""


def reason_of(verdict: Mapping[str, Any], *, name: str, counts: str, currency: str) -> str:
    """Why a signal fired, in one sentence: the slice, the figures of the window, and what is missing since it began."""
    if verdict["test"] == "flood":
        return (
            f"{name}: {verdict['total']:.0f} {counts} in {verdict['window']} min, normally {verdict['expected']:.0f}:"
            " a bot, or a wrong price"
        )
    worst = named_slice(verdict)
    where = f" by {worst['dimension']} {worst['name']}" if worst else ""
    figures = worst or verdict
    if verdict["test"] == "share":
        said = (
            f"{percent(figures['good'], figures['total'])} of {figures['total']:.0f} {counts} succeeded in "
            f"{verdict['window']} min, normally {100 * figures['normal']:.0f} %"
        )
    else:
        normal = figures["total"] * figures["normal"] if worst else verdict["expected"]
        said = f"{figures['good']:.0f} {counts} in {verdict['window']} min, normally {normal:.0f}"
    return f"{name}{where}: {said}{missing_words(verdict, currency=currency)}"


def missing_words(verdict: Mapping[str, Any], *, currency: str) -> str:
    """ "; about 18 orders, 1,100 EUR missing", or "" when nothing to speak of is."""
    missing, revenue = verdict.get("missing", 0.0), verdict.get("revenue")
    if missing < 0.5:
        return ""
    worth = f", {_rounded(revenue):,.0f} {currency}" if revenue else ""
    return f"; about {missing:.0f} {'order' if round(missing) == 1 else 'orders'}{worth} missing"


def named_slice(verdict: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The slice to name: the worst one, when a good part of the loss is its own; None when all sink alike."""
    slices = verdict.get("slices") or []
    lost = sum(one["missing"] for one in slices if one["dimension"] == slices[0]["dimension"]) if slices else 0
    if not slices or not lost or slices[0]["excess"] < NAMED_FROM * lost:
        return None
    worst: Mapping[str, Any] = slices[0]
    return worst


def percent(good: float, total: float) -> str:
    """A share in whole percent."""
    return f"{100 * good / total:.0f} %" if total else "none"


def _rounded(amount: float) -> float:
    """Two digits that count: an estimate must not look exact."""
    if amount < 100:
        return round(amount)
    size = 10.0 ** (len(str(int(amount))) - 2)
    return round(amount / size) * size
