"""Takes the pictures of the docs from a real outage of the sample shop, and refuses those that axe finds fault with.

An installation of its own is started; while customers order, the database's primary is killed with the stop switch set,
so that the outage lasts as long as the pictures take; then the switch is released and the recovery is taken too.

    python scripts/pictures_of_an_outage.py [folder]        (five minutes; exit status 1 when a page has a fault)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.running import ROOT, Running, running, wait_until

SESSION = """
import django; django.setup()
from django.test import Client
from django.conf import settings
from stormproof.people.models import User
alice = User.objects.create_user("ada@harbour-outdoor.example", "a long pass phrase", name="Ada Lund")
alice.roles = ["continuity_manager", "responder", "auditor"]; alice.save()
client = Client(); client.force_login(alice)
print(client.cookies[settings.SESSION_COOKIE_NAME].value)
"""

GRAVE = """
    select number from respond_incident i
    where (select count(*) from respond_incident_functions f where f.incident_id = i.id) > 3
"""


def take(stormproof: Running, folder: Path, session: str, *pages: str) -> bool:
    """Take some pages three ways; whether none has a fault."""
    command = [sys.executable, "-m", "scripts.screenshots", "--address", stormproof.url, "--session", session]
    done = subprocess.run([*command, "--into", str(folder), "--pages", *pages], cwd=ROOT, check=False)
    return done.returncode == 0


def sign_in(stormproof: Running) -> str:
    """A session of somebody who may do everything."""
    environment = {**stormproof.environment, "DJANGO_SETTINGS_MODULE": "stormproof.settings"}
    command = [sys.executable, "-c", SESSION]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def customers(stormproof: Running, word: str) -> None:
    """Let customers order, or send them home."""
    values = dict(line.split("=", 1) for line in stormproof.shop("env").splitlines())
    body = {"customers": 3, "pause": 0.3} if word == "start" else {}
    httpx.post(f"{values['CUSTOMERS_URL']}/{word}", json=body, timeout=20).raise_for_status()


def main() -> int:
    """The whole story; the exit status."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    with running(with_shop=True) as stormproof:
        session = sign_in(stormproof)
        down = "select count(*) as n from watch_monitor where state not in ('up', 'degraded') and retired_at is null"
        wait_until(lambda: not stormproof.rows(down)[0]["n"], seconds=240, why=f"every monitor green\n{stormproof.log}")
        customers(stormproof, "start")
        stormproof.run("run", "switch", "pictures for the documentation")
        os.kill(int((stormproof.folder / "shop" / "run" / "db-a.pid").read_text()), 9)
        number = wait_until(lambda: stormproof.rows(GRAVE), seconds=90, why=f"an incident\n{stormproof.log}")[0][
            "number"
        ]
        notice = "select 1 from inform_notice where published_at is not null"
        wait_until(lambda: stormproof.rows(notice), seconds=60, why="customers are told")
        good = take(
            stormproof,
            folder,
            session,
            *("overview=/", "graph=/business/graph/", f"incident=/incidents/{number}/", "status=/status/"),
        )
        stormproof.run("run", "switch", "go on", "--release")
        begun = "select id from recover_run where state = 'done'"
        run = wait_until(lambda: stormproof.rows(begun), seconds=90, why=f"the recovery\n{stormproof.log}")[0]["id"]
        customers(stormproof, "stop")
        good = take(stormproof, folder, session, f"run=/runs/{run}/") and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
