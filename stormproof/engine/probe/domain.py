"""Looks at the registration of a domain by RDAP (RFC 9083): when it ends, and whether the registry switched it off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from stormproof.engine.probe.answer import Answer, HttpCheck, NotJson
from stormproof.engine.probe.http import HttpProber
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, shorten

BOOTSTRAP = "https://data.iana.org/rdap/dns.json"  # RFC 9224
BOOTSTRAP_KEPT = timedelta(days=1)
# The name does not work, or is about to be lost, while one of these holds (RFC 8056 gives the words).
BAD_STATUSES = frozenset(
    {"client hold", "server hold", "inactive", "redemption period", "pending delete", "pending restore"}
)
_bootstraps: dict[str, tuple[datetime, dict[str, str]]] = {}


@dataclass(frozen=True, kw_only=True)
class DomainCheck:
    """The domain, the RDAP server to ask ("": the one IANA names), and from when before its end it is a worry."""

    name: str
    server: str = ""
    warn_before_s: float = 30 * 86400
    bootstrap: str = BOOTSTRAP


async def probe_domain(check: DomainCheck, *, http: HttpProber, deadline_s: float, at: datetime) -> Outcome:
    """Ask the registry. That its service is away or will not tell says nothing about the domain: unknown, not down."""
    server = check.server
    if not server:
        server, failure = await _server_for(check, http, deadline_s / 2, at)
        if failure is not None:
            return failure

    def judge(answer: Answer, watch: Stopwatch) -> Outcome:
        if answer.status == 404:
            return watch.failure(f"{check.name} is not registered")
        if answer.status != 200:
            return refusal(f"the registry's service answers {answer.status}, so nothing is known about {check.name}")
        try:
            return judge_registration(check, answer.document, watch, at)
        except NotJson as error:
            return refusal(f"the registry's service: {error}")

    url = f"{server.rstrip('/')}/domain/{quote(check.name)}"
    asking = HttpCheck(url=url, headers={"Accept": "application/rdap+json"})
    found = await http.ask(asking, deadline_s=deadline_s if check.server else deadline_s / 2, judge=judge)
    return found if found.ok or found.refused or "status" in found.phases or _is_verdict(found) else _unknown(found)


def _is_verdict(found: Outcome) -> bool:
    return "read" in found.phases  # an answer was read whole, so the failure is what it says


def _unknown(found: Outcome) -> Outcome:
    return refusal(f"the registry's service cannot be asked: {found.reason}")


def judge_registration(check: DomainCheck, document: object, watch: Stopwatch, at: datetime) -> Outcome:
    """What the registration means at `at`."""
    if not isinstance(document, dict) or document.get("objectClassName") != "domain":
        return refusal("the registry's service gives no registration of a domain; is this the address of RDAP itself?")
    statuses = [str(each).lower() for each in _list(document.get("status"))][:50]
    end = expiry_of(document)
    found: dict[str, object] = {"statuses": statuses, "expires_at": end.isoformat() if end else None}
    bad = sorted(BAD_STATUSES & set(statuses))
    if bad:
        return watch.failure(f"the registry says of {check.name}: {', '.join(bad)}", details=found)
    if end is None:
        return refusal(f"the registry does not tell when {check.name} ends")
    left = (end - at).total_seconds()
    found["days_left"] = round(left / 86400, 2)
    if left <= 0:
        return watch.failure(f"the registration of {check.name} ended on {end:%d %b %Y}", details=found)
    worry = f"the registration of {check.name} ends in {left / 86400:.4g} days, on {end:%d %b %Y}"
    return watch.success(worry=worry if left < check.warn_before_s else "", details=found)


def expiry_of(document: Mapping[str, object]) -> datetime | None:
    """The latest moment at which the registration ends, or None when none can be read."""
    found = []
    for event in _list(document.get("events")):
        if isinstance(event, dict) and event.get("eventAction") == "expiration":
            try:
                moment = datetime.fromisoformat(str(event.get("eventDate")))
            except ValueError:
                continue
            found.append(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return max(found, default=None)


async def _server_for(
    check: DomainCheck, http: HttpProber, deadline_s: float, at: datetime
) -> tuple[str, Outcome | None]:
    """The RDAP server for the domain by IANA's list, which is kept for a day."""
    kept_at, servers = _bootstraps.get(check.bootstrap, (datetime.min.replace(tzinfo=UTC), {}))
    if at - kept_at > BOOTSTRAP_KEPT:
        read: dict[str, str] = {}

        def judge(answer: Answer, watch: Stopwatch) -> Outcome:
            try:
                read.update(read_bootstrap(answer.document))
            except NotJson as error:
                return watch.failure(str(error))
            return watch.success()

        found = await http.ask(HttpCheck(url=check.bootstrap), deadline_s=deadline_s, judge=judge)
        if not read:
            why = found.reason or "it names no servers"
            return "", refusal(shorten(f"IANA's list of RDAP servers cannot be read ({why}); name one in server", 250))
        _bootstraps[check.bootstrap] = (at, read)
        servers = read
    labels = check.name.split(".")
    for start in range(1, len(labels)):
        if server := servers.get(".".join(labels[start:])):
            return server, None
    return "", refusal(f"IANA names no RDAP server for .{labels[-1]}; name one in server, or watch it another way")


def read_bootstrap(document: object) -> dict[str, str]:
    """The server of each top level domain, from the file of RFC 9224; what cannot be read is left out."""
    found: dict[str, str] = {}
    for service in _list(document.get("services") if isinstance(document, dict) else None):
        if not (isinstance(service, list) and len(service) == 2):
            continue
        addresses = sorted((str(each) for each in _list(service[1])), key=lambda url: not url.startswith("https://"))
        for domain in _list(service[0]):
            if addresses:
                found[str(domain).lower()] = addresses[0]
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
