"""External alerts: what tells them apart, what belongs together, what matches, and what becomes of each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

GROUP_WAIT = timedelta(seconds=30)  # so that what belongs together comes together; a critical alert does not wait
GROUP_INTERVAL = timedelta(minutes=5)
GROUP_REPEAT = timedelta(hours=4)
SILENCE_WARNING = timedelta(minutes=15)
OPERATORS = ("=", "!=", "~", "!~")
SEVERITY_WORDS = {1: "critical", 2: "error", 3: "warning", 4: "info"}
KEY_VERSION = "1"  # in every key, so that the way keys are made may change


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One condition on a label: `=` and `!=` compare, `~` and `!~` take a pattern with `*` and alternatives by `|`."""

    label: str
    op: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` meet the condition; a label that is missing is empty."""
        found = labels.get(self.label, "")
        is_met = found == self.value if self.op in ("=", "!=") else pattern_of(self.value).fullmatch(found) is not None
        return is_met is not self.op.startswith("!")


@dataclass(frozen=True, kw_only=True)
class Route:
    """A rule of the routing as the decision needs it."""

    name: str
    matchers: tuple[Matcher, ...]
    action: str
    severity_at_least: int | None = None
    days: frozenset[int] = frozenset()
    from_time: time | None = None
    until_time: time | None = None
    severity: int | None = None
    node_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of an alert: page, ticket or log; as how grave; and which route said so ("" for the usual)."""

    action: str
    severity: int
    node_id: int
    because: str


@lru_cache(maxsize=1000)
def pattern_of(text: str) -> re.Pattern[str]:
    """`*` stands for anything, `|` between alternatives; never a regular expression, which could run for ever."""
    alternatives = [
        ".*".join(re.escape(part) for part in re.sub(r"\*+", "*", one).split("*")) for one in text.split("|")
    ]
    return re.compile("|".join(f"(?:{one})" for one in alternatives), re.DOTALL)


def matchers_of(rows: Iterable[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """Matchers as they are kept, as values."""
    return tuple(Matcher(label=row["label"], op=row["op"], value=row["value"]) for row in rows)


def read_matchers(text: str) -> list[Matcher]:
    """Matchers as a person writes them, one a line (`service = checkout`); raises ValueError naming the line."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        match = re.fullmatch(r"\s*([^\s=!~]+)\s*(!=|!~|=|~)\s*(.*?)\s*", line)
        if match is None:
            raise ValueError(f"“{line[:80]}” should be label = value.")
        found.append(Matcher(label=match[1], op=match[2], value=match[3]))
    return found


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether every matcher holds; none at all hold for everything."""
    return all(matcher.holds(labels) for matcher in matchers)


def written(matchers: Iterable[Matcher]) -> str:
    """Matchers as a person writes them, one a line: `service = checkout`."""
    return "\n".join(f"{one.label} {one.op} {one.value}" for one in matchers)


def alert_key(*, integration_id: int, key: str, name: str, labels: Mapping[str, str]) -> str:
    """What tells an alert apart (SHA-256, hex): the sender's own key, else its name and all labels."""
    told = ["key", key] if key else ["labels", name, *(f"{label}={value}" for label, value in sorted(labels.items()))]
    return _digest([KEY_VERSION, str(integration_id), *told])


def group_key(*, name: str, service: str, node_id: int) -> str:
    """What a group is: the name and the service of its alerts, and the node they are about."""
    return _digest([KEY_VERSION, name, service, str(node_id)])


def group_wait(severity: int) -> timedelta:
    """How long a new group waits for its other alerts before people are told."""
    return timedelta(0) if severity == 1 else GROUP_WAIT


def inhibition_mark(rule_id: int, equal: Sequence[str], labels: Mapping[str, str]) -> str:
    """What a source and a target of an inhibition rule have in common: the rule and the values of its equal labels."""
    return _digest([str(rule_id), *(labels.get(label, "") for label in equal)])[:40]


def node_of(nodes: Iterable[Mapping[str, str]], labels: Mapping[str, str], known: Mapping[str, int], usual: int) -> int:
    """The node an alert is about: the first line of the mapping that matches; else the node that the label `node` or
    `service` names; else the usual one of the integration."""
    for line in nodes:
        if line["node"] in known and pattern_of(line["value"]).fullmatch(labels.get(line["label"], "")):
            return known[line["node"]]
    for label in ("node", "service"):
        if labels.get(label) in known:
            return known[labels[label]]
    return usual


def decide(
    routes: Iterable[Route], *, labels: Mapping[str, str], severity: int, node_id: int, local: datetime
) -> Decision:
    """What becomes of an alert; `local` is the moment in the shop's time zone. Without a route that matches, what is
    critical, an error or a warning pages, and the rest is only kept."""
    for route in routes:
        if _applies(route, labels=labels, severity=severity, local=local):
            return Decision(
                action=route.action,
                severity=route.severity or severity,
                node_id=route.node_id or node_id,
                because=route.name,
            )
    return Decision(action="log" if severity == 4 else "page", severity=severity, node_id=node_id, because="")


def _applies(route: Route, *, labels: Mapping[str, str], severity: int, local: datetime) -> bool:
    if route.severity_at_least is not None and severity > route.severity_at_least:
        return False
    return _is_within(route, local) and all_hold(route.matchers, labels)


def _is_within(route: Route, local: datetime) -> bool:
    """Whether the route counts now; a window past midnight belongs to the day on which it began."""
    begin, end = route.from_time or time.min, route.until_time or time.max
    moment, day = local.time(), local.weekday()
    if begin <= end:
        is_in = begin <= moment < end or (end == time.max and moment >= begin)
    else:
        is_in = moment >= begin or moment < end
        day = (day - 1) % 7 if moment < end else day
    return is_in and (not route.days or day in route.days)


def next_window(*, starts_at: datetime, ends_at: datetime, repeats: str, at: datetime) -> tuple[datetime, datetime]:
    """The next time a recurring silence counts, after one that is over at `at`."""
    step = timedelta(days=1 if repeats == "daily" else 7)
    times = max(1, -((ends_at - at) // step)) if ends_at <= at else 0
    while ends_at + step * times <= at:
        times += 1
    return starts_at + step * times, ends_at + step * times


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
