"""How figures and states are written: one wording everywhere, on pages, in mails and on the status page."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

DAY, HOUR, MINUTE = 86_400, 3_600, 60


class StateWords(NamedTuple):
    """How a state is shown. The tone is the colour; label and icon say the same without it."""

    label: str
    tone: str
    icon: str


STATES: dict[str, StateWords] = {
    "up": StateWords("Up", "up", icon="circle-check"),
    "degraded": StateWords("Degraded", "degraded", icon="alert-triangle"),
    "down": StateWords("Down", "down", icon="alert-octagon"),
    "maintenance": StateWords("Maintenance", "maintenance", icon="tool"),
    "unknown": StateWords("Unknown", "unknown", icon="help-circle"),
    "verified": StateWords("Verified", "up", icon="shield-check"),
    "stale": StateWords("Stale", "degraded", icon="clock-exclamation"),
    "failing": StateWords("Failing", "down", icon="shield-x"),
    "waived": StateWords("Waived", "maintenance", icon="hand-stop"),
    "open": StateWords("Open", "down", icon="urgent"),
    "acknowledged": StateWords("Acknowledged", "degraded", icon="eye-check"),
    "detected": StateWords("Detected", "down", icon="urgent"),
    "mitigated": StateWords("Stable", "maintenance", icon="heart-check"),
    "resolved": StateWords("Resolved", "up", icon="circle-check"),
    "ready": StateWords("Ready", "maintenance", icon="player-play"),
    "pending": StateWords("Pending", "unknown", icon="clock"),
    "running": StateWords("Running", "maintenance", icon="loader-2"),
    "waiting": StateWords("Waiting for a person", "degraded", icon="user-question"),
    "succeeded": StateWords("Succeeded", "up", icon="circle-check"),
    "done": StateWords("Done", "up", icon="circle-check"),
    "passed": StateWords("Passed", "up", icon="circle-check"),
    "failed": StateWords("Failed", "down", icon="circle-x"),
    "undone": StateWords("Undone", "degraded", icon="arrow-back-up"),
    "skipped": StateWords("Skipped", "unknown", icon="player-skip-forward"),
    "started": StateWords("Working", "maintenance", icon="loader-2"),
    "waiting_human": StateWords("Waiting for a person", "degraded", icon="user-question"),
    "held": StateWords("Held", "degraded", icon="hand-stop"),
    "aborted": StateWords("Stopped by a person", "degraded", icon="player-stop"),
    "stopped": StateWords("Stopped", "degraded", icon="player-stop"),
    "warming": StateWords("Customers arrive", "maintenance", icon="users"),
    "injecting": StateWords("Breaking it", "degraded", icon="bolt"),
    "incident": StateWords("Incident open", "down", icon="urgent"),
    "recovered": StateWords("Recovered", "up", icon="lifebuoy"),
    "measuring": StateWords("Counting orders", "maintenance", icon="ruler-measure"),
    "cleaning": StateWords("Putting it back", "maintenance", icon="brush"),
    "draft": StateWords("Draft", "unknown", icon="pencil"),
    "published": StateWords("Published", "up", icon="speakerphone"),
    "withdrawn": StateWords("Withdrawn", "unknown", icon="eye-off"),
}


def state_words(word: str) -> StateWords:
    """Label, tone and icon of a state; a word not in `STATES` is shown as it is, in the tone of the unknown."""
    return STATES.get(word, StateWords(word.replace("_", " ").capitalize(), "unknown", icon="point"))


def duration_words(seconds: float | None) -> str:
    """A length of time as people write it: `30 min`, `1 h 30 min`, `2 d`, `0 s`; `none` for None."""
    if seconds is None:
        return "none"
    whole = round(seconds)
    if abs(whole) < MINUTE:
        return f"{whole} s" if whole == seconds or abs(seconds) >= 10 else f"{seconds:.1f} s"
    parts: list[str] = []
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def money_words(amount: Decimal | float | None, currency: str) -> str:
    """An amount as `903.20 EUR` or `12 400 EUR`; thousands with a thin space; `unknown` for None."""
    if amount is None:
        return "unknown"
    digits = 2 if abs(float(amount)) < 1000 else 0
    return f"{amount:,.{digits}f}".replace(",", "\u202f") + f" {currency}"


def share_words(share: Decimal | float | None) -> str:
    """A share of one as `99.98 %`, cut and never rounded up, so that 100 % means all; `no data` for None."""
    if share is None:
        return "no data"
    cut = int(float(share) * 10_000 + 1e-9) / 100
    return f"{cut:.2f} %"
