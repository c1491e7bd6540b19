"""The whole loop on the sample shop, again and again: does it hold, how soon is the incident there, how soon the page.

Each run breaks the shop for real (`stormproof rehearse run`). Times come from the rows: the fault, the incident, the
moment SMTP took the page. The promise: fault to incident within two probe intervals and a second, incident to page
under 500 ms in the median.

Run: python benchmarks/outage_loop.py [runs of each scenario] [scenario ...]
"""

from __future__ import annotations

import json
import statistics
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.running import Running, running, wait_until

SCENARIOS = ("shop-database-loss", "shop-web-loss", "payment-provider-loss")
PROBE_INTERVAL_S = 5
NOT_YET = ("Not everything is green", "There is trouble already")
TIMES = """
    select e.fault_at, i.opened_at, min(p.sent_at) as first_page_at,
        max(extract(epoch from p.sent_at - p.posted_at))::float as longest_wait_s
    from rehearse_exerciserun e join respond_incident i on i.id = e.incident_id
    left join respond_page p on p.incident_id = i.id and p.channel = 'email'
    where e.id = %s group by e.fault_at, i.opened_at
"""


def run_once(stormproof: Running, scenario: str) -> dict[str, Any]:
    """The figures of one run, with the times of its incident and pages."""

    def played() -> dict[str, Any] | None:
        done = stormproof.run("rehearse", "run", scenario, "--json", check=False)
        if any(words in done.stderr for words in NOT_YET):
            return None
        figures: dict[str, Any] = json.loads(done.stdout)
        return {**figures, "exit": done.returncode}

    found: dict[str, Any] = wait_until(played, seconds=120, why=f"{scenario} may begin")
    return {**found, **next(iter(stormproof.rows(TIMES, found["run"])), {})}


def since(earlier: datetime | None, later: datetime | None) -> float | None:
    return (later - earlier).total_seconds() if earlier and later else None


def report(scenario: str, runs: list[dict[str, Any]]) -> None:
    """Print the figures of all runs of one scenario."""
    passed = sum(run["exit"] == 0 and run["passed"] for run in runs)
    print(f"{scenario}_passed: {passed} of {len(runs)}")
    print(f"{scenario}_orders_acknowledged: {sum(run['orders_acknowledged'] or 0 for run in runs)} orders")
    print(f"{scenario}_orders_lost: {sum(int(run['orders_lost'] or 0) for run in runs)} orders")
    print(f"{scenario}_failed_requests: {sum(run['failed_requests'] or 0 for run in runs)} requests")
    spread("recovery", "s", scenario, [run["rto_s"] for run in runs])
    to_incident = [since(run.get("fault_at"), run.get("opened_at")) for run in runs]
    spread("fault_to_incident", "s", scenario, to_incident)
    waits = [since(run.get("opened_at"), run.get("first_page_at")) for run in runs]
    spread("incident_to_page_at_smtp", "ms", scenario, [w * 1000 for w in waits if w is not None])
    longest = [run["longest_wait_s"] * 1000 for run in runs if run.get("longest_wait_s") is not None]
    spread("longest_wait_of_a_page", "ms", scenario, longest)
    print(f"{scenario}_promise_fault_to_incident: {2 * PROBE_INTERVAL_S + 1} s")


def spread(name: str, unit: str, scenario: str, values: list[Any]) -> None:
    """Median and largest of what there is."""
    known = [value for value in values if value is not None]
    if known:
        print(f"{scenario}_{name}_median: {statistics.median(known):.3f} {unit}")
        print(f"{scenario}_{name}_max: {max(known):.3f} {unit}")
    print(f"{scenario}_{name}_counted: {len(known)} of {len(values)}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with running(with_shop=True) as stormproof:
        for scenario in sys.argv[2:] or SCENARIOS:
            runs = []
            for number in range(count):
                run = run_once(stormproof, scenario)
                runs.append(run)
                if not run["passed"]:
                    print(f"{scenario} run {number + 1} failed: {run['gaps']}", file=sys.stderr)
            report(scenario, runs)


if __name__ == "__main__":
    main()
