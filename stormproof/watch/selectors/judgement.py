"""What the tests say of a signal's minutes. Reads that need numpy and scipy: imported only where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormproof.business import selectors as business
from stormproof.engine import anomaly
from stormproof.watch.kinds.signal import SignalShape
from stormproof.watch.models import Signal
from stormproof.watch.rules import PAGE, QUIET, TICKET
from stormproof.watch.selectors.calendar import is_paging_strict, peak_factors
from stormproof.watch.selectors.signals import minutes_of_signal, slices_of_signal

MINUTE = timedelta(minutes=1)
LOOKS_BACK = 1440 + 360  # minutes: a day for the level, and where trouble may have begun
BEGAN_WITHIN = 360
LATEST = 10  # minutes that are judged again when a judgement came late
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class View:
    """The last minutes of a signal beside what was expected of them."""

    total: Numbers
    good: Numbers
    expected: Numbers  # good ones
    attempts: Numbers  # expected attempts
    share: Numbers
    level: float


def verdict_of(signal: Signal, shape: SignalShape, *, end: datetime, since: datetime | None = None) -> dict[str, Any]:
    """What the tests say of the minute before `end`, and of those since the last judgement."""
    view = view_of(signal, start=end - LOOKS_BACK * MINUTE, end=end)
    span = min(LATEST, max(1, round((end - since) / MINUTE))) if since else 1
    is_strict = is_paging_strict(end)
    p_values = p_values_of(signal, shape, view)
    found: dict[str, Any] = {"end": end.isoformat(), "level": QUIET, "level_factor": round(view.level, 3)}
    found["p"] = {name: [_p(value) for value in rows[:, -1]] for name, rows in p_values.items()}
    found["now"] = {
        "good": float(view.good[-15:].sum()) / 15,
        "expected": round(float(view.expected[-15:].sum()) / 15, 3),
    }
    for test, level in (("share", PAGE), ("volume", PAGE), ("share", TICKET), ("volume", TICKET), ("flood", TICKET)):
        alpha = alpha_of(shape, test=test, level=level, is_strict=is_strict)
        if anomaly.fires(p_values[test], alpha=alpha)[-span:].any():
            found |= {"level": level, "test": test, "alpha": alpha}
            found |= _explained(signal, shape, view, test=test, p_values=p_values[test], end=end)
            break
    return found


def p_values_of(signal: Signal, shape: SignalShape, view: View) -> dict[str, Numbers]:
    """The p-values (window, minute) of each test; all unknown for the share when only the volume is measured."""
    share = anomaly.low_ratio(view.good, view.total, share=view.share, correlation=_array(signal, "correlation"))
    return {
        "share": np.full_like(share, np.nan) if shape.measures == "volume" else share,
        "volume": anomaly.low_volume(
            view.good, expected=view.expected, dispersion=_array(signal, "orders_k"), alpha=shape.ticket_alpha
        ),
        "flood": anomaly.high_volume(view.total, expected=view.attempts, dispersion=_array(signal, "attempts_k")),
    }


@dataclass(frozen=True, kw_only=True)
class Firing:
    """A time in which the tests would have fired."""

    since: datetime
    until: datetime


def firings_at(signal: Signal, shape: SignalShape, *, alpha: float, start: datetime, end: datetime) -> list[Firing]:
    """When the share or the volume would have fired between `start` and `end`, had `alpha` been set."""
    view = view_of(signal, start=start, end=end)
    p_values = p_values_of(signal, shape, view)
    fired = anomaly.fires(p_values["share"], alpha=alpha) | anomaly.fires(p_values["volume"], alpha=alpha)
    found: list[Firing] = []
    quiet = timedelta(seconds=shape.recovers_after)
    for place in np.flatnonzero(fired):
        moment = start + int(place) * MINUTE
        if found and moment - found[-1].until <= quiet:
            found[-1] = Firing(since=found[-1].since, until=moment + MINUTE)
        else:
            found.append(Firing(since=moment, until=moment + MINUTE))
    return found


def alpha_of(shape: SignalShape, *, test: str, level: str, is_strict: bool) -> float:
    """During a peak with stricter paging, what would be a ticket pages."""
    if test == "flood":
        return anomaly.UPPER_ALPHA
    return shape.page_alpha if level == PAGE and not is_strict else shape.ticket_alpha


def view_of(signal: Signal, *, start: datetime, end: datetime) -> View:
    """The minutes from `start` to `end` beside what was expected: baseline x peak factor x level."""
    counted = minutes_of_signal(signal.monitor_id, start=start, end=end)
    minutes = anomaly.minutes_of_week(start, len(counted.total), business.shop_zone())
    factor = np.array(peak_factors(start, len(counted.total)))
    orders = _volume(signal, "orders").expected(minutes) * factor
    attempts = _volume(signal, "attempts").expected(minutes) * factor
    level = anomaly.level_factor(counted.good, orders)
    ratio = anomaly.RatioModel(share=_array(signal, "share"), correlation=_array(signal, "correlation"))
    return View(
        total=counted.total,
        good=counted.good,
        expected=orders * level,
        attempts=attempts,
        share=ratio.expected(minutes),
        level=float(level[-1]),
    )


def _explained(
    signal: Signal, shape: SignalShape, view: View, *, test: str, p_values: Numbers, end: datetime
) -> dict[str, Any]:
    """The window that says it loudest, since when it was so, the slices, and what is missing."""
    row = int(np.argmin(np.where(np.isnan(p_values[:, -1]), 1.0, p_values[:, -1])))
    window = anomaly.WINDOWS[row]
    normal = view.total * view.share if test == "share" else view.expected
    minutes = window
    if test != "flood":
        minutes = BEGAN_WITHIN - anomaly.change_point(view.good[-BEGAN_WITHIN:], normal[-BEGAN_WITHIN:])
    missing = max(0.0, float((normal[-minutes:] - view.good[-minutes:]).sum())) if test != "flood" else 0.0
    value = shape.order_value or signal.learned.get("value")
    total = float(view.total[-window:].sum())
    expected = float((view.attempts if test == "flood" else view.expected)[-window:].sum())
    return {
        "window": window,
        "window_p": _p(p_values[row, -1]),
        "good": float(view.good[-window:].sum()),
        "total": total,
        "normal": float(normal[-window:].sum()) / total if test == "share" and total else 1.0,
        "expected": round(expected, 1),
        "since": (end - minutes * MINUTE).isoformat(),
        "missing": round(missing, 1),
        "revenue": round(missing * value, 2) if value else None,
        "slices": [] if test == "flood" else _slices(signal, test, view, row=row, end=end),
    }


def _slices(signal: Signal, test: str, view: View, *, row: int, end: datetime) -> list[dict[str, Any]]:
    """Every slice of every dimension in the window, the largest excess loss first."""
    window = anomaly.WINDOWS[row]
    usual = signal.learned.get("slices", {})
    seen = slices_of_signal(signal.monitor_id, start=end - window * MINUTE, end=end)
    expected = float(view.expected[-window:].sum())
    rows = []
    for key, (portion, share) in usual.items():
        dimension, _, name = key.partition("=")
        good, total = seen.get(key, (0.0, 0.0))
        if test == "share":
            rows.append((dimension, name, good, total, share))
        else:
            rows.append((dimension, name, good, expected * portion, 1.0))
    spread = _array(signal, "correlation" if test == "share" else "orders_k")[row]
    losses = anomaly.worst_slices(rows, spread=float(spread), is_volume=test != "share")
    return [
        {
            "dimension": loss.dimension,
            "name": loss.name,
            "good": round(loss.good, 1),
            "total": round(loss.total, 1),
            "normal": round(loss.normal, 4),
            "missing": round(loss.missing, 1),
            "excess": round(loss.excess, 1),
            "p": _p(loss.p),
        }
        for loss in losses[:40]
    ]


def _volume(signal: Signal, name: str) -> anomaly.VolumeModel:
    return anomaly.VolumeModel(rate=_array(signal, name), dispersion=_array(signal, f"{name}_k"))


def _array(signal: Signal, name: str) -> Numbers:
    return np.asarray(signal.learned[name], dtype=np.float64)


def _p(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.3g}")


def drawn_between(
    signal: Signal, *, start: datetime, end: datetime
) -> list[tuple[datetime, float, float, float, float]]:
    """For a chart of about 300 points: start of each, actual, expected, and the band that holds 99 %, all a minute."""
    lead = timedelta(minutes=1440)
    view = view_of(signal, start=start - lead, end=end)
    good, expected = view.good[1440:], view.expected[1440:]
    step = next((width for width in anomaly.WINDOWS if len(good) / width <= 300), anomaly.WINDOWS[-1])
    row = anomaly.WINDOWS.index(step)
    whole = len(good) // step * step
    actual, usual = good[:whole].reshape(-1, step).sum(axis=1), expected[:whole].reshape(-1, step).sum(axis=1)
    low, high = anomaly.usual_range(usual, dispersion=float(_array(signal, "orders_k")[row]))
    moments = [start + place * step * MINUTE for place in range(len(actual))]
    columns = (np.round(values / step, 3).tolist() for values in (actual, usual, low, high))
    return list(zip(moments, *columns, strict=True))
