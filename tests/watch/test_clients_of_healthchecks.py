"""What people run today keeps working: the calls of the Healthchecks documentation, made by real programs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from stormproof.core.actor import SYSTEM
from stormproof.core.clock import now
from stormproof.watch.models import Monitor, Ping
from stormproof.watch.services.ping_keys import make_ping_key
from tests.watch.make import make_monitor, make_node

pytestmark = [pytest.mark.parts, pytest.mark.django_db(transaction=True)]
RUN = "123e4567-e89b-12d3-a456-426614174000"
# What the documentation tells people to run; URL is the address of a heartbeat. Then kind, exit status and body kept.
SHAPES = [
    ("curl -m 10 --retry 5 URL", ("done", None, "")),
    ("curl -fsS -m 10 --retry 5 -o /dev/null URL", ("done", None, "")),
    ("curl -I -m 10 URL", ("done", None, "")),
    ("curl --retry 3 URL/fail", ("fail", None, "")),
    ("curl --retry 3 URL/1", ("fail", 1, "")),
    ("true; curl -m 10 --retry 5 URL/$?", ("done", 0, "")),
    ("(exit 42); curl -m 10 --retry 5 URL/$?", ("fail", 42, "")),
    ('m=$(echo all is well); curl -fsS -m 10 --retry 5 --data-raw "$m" URL', ("done", None, "all is well")),
    ('m=$(echo oops; exit 3); curl -fsS -m 10 --retry 5 --data-raw "$m" URL/$?', ("fail", 3, "oops")),
    ("curl -fsS -m 10 --retry 5 --data-binary @FILE URL/0", ("done", 0, "renewed\n2 certificates\n")),
    ("echo progress | curl -fsS --data-binary @- URL/log", ("log", None, "progress\n")),
    (f"curl -fsS -m 10 --retry 5 'URL/start?rid={RUN}'", ("start", None, "")),
    (f"curl -fsS -m 10 --retry 5 'URL?rid={RUN}'", ("done", None, "")),
    ("PYTHON -c 'import urllib.request as r; r.urlopen(\"URL\", timeout=10)'", ("done", None, "")),
    (
        'PYTHON -c \'import urllib.request as r; r.urlopen("URL", data=b"temperature=-7")\'',
        ("done", None, "temperature=-7"),
    ),
    ("PYTHON -c 'import httpx; httpx.head(\"URL/start\").raise_for_status()'", ("start", None, "")),
]


def run(line: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert shutil.which("curl"), "curl is missing: apt-get install curl"
    file = folder / "certbot-renew.log"
    file.write_text("renewed\n2 certificates\n")
    said = line.replace("URL", url).replace("FILE", str(file)).replace("PYTHON", sys.executable)
    return subprocess.run(["sh", "-c", said], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("named", ["by address", "by name"])
def test_every_documented_call_works(named: str, live_server: LiveServer, tmp_path: Path) -> None:
    node, wrong = make_node("jobs"), []
    key = make_ping_key(name="k", on=node.slug, actor=SYSTEM, at=now())[1]
    for number, (line, kept) in enumerate(SHAPES):
        job = make_monitor(f"job-{number}", node=node, kind="heartbeat", config={"period": "1h", "grace": "5m"})
        address = f"{key}/{job.slug}" if named == "by name" else str(job.ping_key)
        done = run(line, f"{live_server.url}/ping/{address}", tmp_path)
        pings = list(Ping.objects.filter(monitor=job).values_list("kind", "exit_status", "body", "is_cut"))
        if done.returncode or pings != [(*kept, False)]:
            wrong.append((line, done.returncode, done.stderr, pings))
    assert wrong == []


def test_a_job_that_names_itself_is_set_up(live_server: LiveServer, tmp_path: Path) -> None:
    key = make_ping_key(name="k", on=make_node("jobs").slug, actor=SYSTEM, at=now())[1]
    done = run("curl -fsS -m 10 -w '%{http_code}' 'URL/new-job?create=1'", f"{live_server.url}/ping/{key}", tmp_path)
    assert done.stdout == "Created201"
    assert Monitor.objects.get().slug == "new-job"
    assert run("curl -fsS URL/new-job/start", f"{live_server.url}/ping/{key}", tmp_path).stdout == "OK"


def test_a_whole_script_with_a_run_id_is_timed(live_server: LiveServer, tmp_path: Path) -> None:
    monitor = make_monitor("job", kind="heartbeat", config={"period": "1h"})
    script = (
        "RID=$(cat /proc/sys/kernel/random/uuid); curl -fsS -m 10 --retry 5 URL/start?rid=$RID; true; "
        "curl -fsS -m 10 --retry 5 URL?rid=$RID"
    )
    done = run(script, f"{live_server.url}/ping/{monitor.ping_key}", tmp_path)
    assert done.stdout == "OKOK"
    took = Ping.objects.get(kind="done").took_ms
    assert took is not None
    assert 0 < took < 20_000
