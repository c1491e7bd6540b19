"""100,000 open alerts: acknowledge one, a page of the list, its counts, a search; against a real PostgreSQL (B6).

Targets: one acknowledged in under 50 ms, a page of the list in under 100 ms of server time.

Run: python benchmarks/alert_list.py [alerts]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
FOLDER = Path(tempfile.mkdtemp(prefix="stormproof-bench-"))
os.environ |= {
    "STORMPROOF_DATA_DIR": str(FOLDER),
    "STORMPROOF_MFA_ROLES": "none",
    "STORMPROOF_LOG_LEVEL": "error",
    "DJANGO_SETTINGS_MODULE": "stormproof.settings",
}
os.environ.pop("DATABASE_URL", None)

FILL = """
INSERT INTO respond_externalalert (key, integration_id, group_id, node_id, name, service, severity, state, action,
    summary, link, labels, count, first_seen_at, last_seen_at, inhibits, inhibitable, acknowledged_by, closing)
SELECT md5(n::text), %s, (%s::bigint[])[1 + n %% 200], %s, 'Alert ' || n %% 200, 'service-' || n %% 50, 1 + n %% 4,
    CASE WHEN n %% 10 = 0 THEN 'acknowledged' ELSE 'open' END, 'page', 'Instance ' || n || ' is in trouble', '',
    jsonb_build_object('instance', 'host-' || n, 'zone', 'z' || n %% 20), 1, now(), now(), '{}', '{}', '', ''
FROM generate_series(1, %s) AS n
"""


def fill(count: int) -> Any:
    """`count` open alerts in 200 groups, and a person who may act."""
    from django.core.management import call_command
    from django.db import connection

    from stormproof.business.models import Node
    from stormproof.core.actor import SYSTEM
    from stormproof.core.clock import now
    from stormproof.people.models import User
    from stormproof.respond.models import AlertGroup
    from stormproof.respond.services import create_integration

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    (FOLDER / "static").mkdir()
    at = now()
    node = Node.objects.create(slug="shop", name="Shop", kind="asset", added_at=at)
    integration, _ = create_integration(slug="am", name="AM", kind="alertmanager", node=node, actor=SYSTEM, at=at)
    groups = AlertGroup.objects.bulk_create(
        AlertGroup(key=str(n), name=f"Alert {n}", service=f"s-{n % 50}", node=node, severity=1 + n % 4, opened_at=at)
        for n in range(200)
    )
    with connection.cursor() as cursor:
        cursor.execute(FILL, [integration.pk, [group.pk for group in groups], node.pk, count])
        cursor.execute("VACUUM ANALYZE respond_externalalert")
    return User.objects.create_user("alice@shop.example", name="Alice", roles=["responder"])


def measure(name: str, act: Callable[[int], object], *, times: int = 40) -> None:
    """Median and the worst of 20 of `times` runs, and the statements of one."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    act(0)
    took = []
    for number in range(1, times + 1):
        began = time.perf_counter()
        act(number)
        took.append((time.perf_counter() - began) * 1000)
    with CaptureQueriesContext(connection) as queries:
        act(times + 1)
    print(f"{name}_p50: {statistics.median(took):.1f} ms")
    print(f"{name}_p95: {sorted(took)[int(len(took) * 0.95)]:.1f} ms")
    print(f"{name}_statements: {len(queries)} 1", flush=True)


def main(count: int) -> None:
    import django

    from stormproof.core.embedded import start_database, stop_database

    start_database(FOLDER)
    try:
        django.setup()
        user = fill(count)
        print(f"open_alerts: {count} 1")
        run(user)
    finally:
        stop_database(FOLDER)
        shutil.rmtree(FOLDER, ignore_errors=True)


def run(user: Any) -> None:
    """All measurements."""
    import json

    from django.test import Client

    from stormproof.people.selectors import actor_for
    from stormproof.respond.models import ExternalAlert
    from stormproof.respond.selectors import AlertFilter, alert_counts, alert_page

    client, actor = Client(SERVER_NAME="127.0.0.1"), actor_for(user)
    client.force_login(user)
    ids = list(ExternalAlert.objects.filter(state="open").values_list("pk", flat=True)[:1000])

    def get(url: str) -> Callable[[int], object]:
        def act(_: int) -> None:
            answer = client.get(url)
            assert answer.status_code == 200, answer.content[:500]

        return act

    def acknowledge(number: int) -> None:
        body = json.dumps({"ids": [ids[number]]})
        answer = client.post("/api/v1/alerts/acknowledge", body, content_type="application/json")
        assert answer.json() == {"changed": 1}, answer.content

    measure("acknowledge_one_by_api", acknowledge)
    form = {"act": "acknowledge"}
    measure("acknowledge_one_by_page", lambda n: client.post("/alerts/act/", {**form, "id": ids[500 + n]}))
    measure("list_page", get("/alerts/"))
    measure("list_page_of_one_severity", get("/alerts/?severity=4"))
    measure("list_page_of_one_label", get("/alerts/?label=zone%3Dz7"))
    measure("list_page_searched_rare", get("/alerts/?q=instance+99999"))
    measure("list_page_searched_common", get("/alerts/?q=trouble"))
    measure("list_page_searched_nothing", get("/alerts/?q=nonsense"))
    measure("list_last_page_by_api", get(f"/api/v1/alerts?after=4-{min(ids) + 150}"))
    measure("counts", lambda _: alert_counts(actor))
    measure("rows_only", lambda _: alert_page(actor, AlertFilter()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
