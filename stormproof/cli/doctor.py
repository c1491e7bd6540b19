"""`stormproof doctor`: looks at the installation from outside and says what is missing and how to get it."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from stormproof.core.clock import now
from stormproof.core.embedded import VERSION, EmbeddedDatabaseFailed, binary, database_pid
from stormproof.core.env import env

State = Literal["ok", "missing", "broken"]
LEAST_FREE = 1_000_000_000

PROGRAMS = {
    "haproxy": ("HAProxy", "drains and repoints the shop's servers", "apt-get install haproxy"),
    "chromium": ("Chromium", "only browser tests and journeys need it", "apt-get install chromium"),
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at. `missing` limits what works, `broken` stops it."""

    name: str
    state: State
    found: str
    way_out: str = ""


def examine() -> list[Check]:
    """Every check, in the order in which one would mend."""
    checks = [_python(), _data_folder(), *_programs(), *_assets(), _mail()]
    database = _database()
    checks.append(database)
    if database.state == "ok":
        checks += [*_inside_database()]
    return checks


def _python() -> Check:
    return Check(name="Python", state="ok", found=f"{sys.version.split()[0]} in {sys.prefix}")


def _data_folder() -> Check:
    folder = env.data_dir
    if not folder.exists():
        return Check(
            name="Data folder", state="missing", found=f"{folder} is not there yet", way_out="stormproof up makes it"
        )
    free = shutil.disk_usage(folder).free
    found = f"{folder}, {free / 1e9:.1f} GB free"
    if free < LEAST_FREE:
        return Check(name="Data folder", state="broken", found=found, way_out="make room: less than 1 GB is left")
    return Check(name="Data folder", state="ok", found=found)


def _programs() -> Iterator[Check]:
    for program, (name, purpose, command) in PROGRAMS.items():
        place = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
        if place:
            yield Check(name=name, state="ok", found=place)
        else:
            yield Check(name=name, state="missing", found=f"not installed ({purpose})", way_out=command)


def _assets() -> Iterator[Check]:
    from stormproof.settings import ROOT

    built = ROOT / "web" / "static" / "built"
    if any(built.glob("*")):
        yield Check(name="Front end", state="ok", found=str(built))
    else:
        yield Check(name="Front end", state="broken", found=f"{built} is empty", way_out="make setup")


def _mail() -> Check:
    if not env.smtp_url:
        return Check(
            name="Mail",
            state="missing",
            found="no mail server is set: pages and notices wait in the outbox",
            way_out="set STORMPROOF_SMTP_URL=smtp://user:password@host:port",
        )
    parts = urlsplit(env.smtp_url)
    place = f"{parts.hostname}:{parts.port or 25}"
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 25), timeout=5):
            return Check(name="Mail", state="ok", found=place)
    except OSError as error:
        return Check(
            name="Mail", state="broken", found=f"{place}: {error}", way_out="start it, or mend STORMPROOF_SMTP_URL"
        )


def _database() -> Check:
    if env.database_url:
        where = urlsplit(env.database_url)
        return Check(name="PostgreSQL", state="ok", found=f"your own, {where.hostname or 'socket'}{where.path}")
    try:
        binary("postgres")
    except EmbeddedDatabaseFailed as error:
        return Check(name="PostgreSQL", state="broken", found=str(error), way_out="make setup")
    pid = database_pid(env.data_dir)
    if pid is None:
        return Check(name="PostgreSQL", state="broken", found="does not run", way_out="stormproof up")
    return Check(name="PostgreSQL", state="ok", found=f"embedded {VERSION}, process {pid}")


def _inside_database() -> Iterator[Check]:
    """What only the database knows. Each look stands alone, so that one failure hides no other."""
    from stormproof.cli.ready import set_up_django

    set_up_django()
    from django.db import DatabaseError

    for look in (_migrations, _processes, _outbox, _parked):
        try:
            found = list(look())
            yield from found
            if look is _migrations and found[0].state != "ok":
                return  # nothing further can be read
        except DatabaseError as error:
            yield Check(
                name=look.__name__.strip("_").capitalize(),
                state="broken",
                found=str(error).strip().splitlines()[0],
                way_out="check DATABASE_URL; then: stormproof up",
            )


def _migrations() -> Iterator[Check]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Check(
            name="Tables", state="broken", found=f"{len(waiting)} migrations wait", way_out="stormproof prepare"
        )
    else:
        yield Check(name="Tables", state="ok", found="up to date")


def _processes() -> Iterator[Check]:
    from stormproof.core.ticks import EXPECTED, signs_of_life

    for life in signs_of_life(at=now()):
        if life.is_fresh:
            yield Check(name=f"Process {life.process}", state="ok", found=f"{life.instances} alive")
        elif life.process in EXPECTED:
            age = "never seen" if life.age_s is None else f"last sign of life {life.age_s:.0f} s ago"
            yield Check(
                name=f"Process {life.process}", state="broken", found=age, way_out="stormproof up, and see its logs"
            )


def _outbox() -> Iterator[Check]:
    from stormproof.core.figures import outbox_figures

    figures = outbox_figures(at=now())
    late = figures.oldest_waiting_s > 120
    yield Check(
        name="Outbox",
        state="broken" if late else "ok",
        found=f"{figures.waiting} waiting, oldest {figures.oldest_waiting_s:.0f} s, {figures.given_up} given up",
        way_out="the worker or the mail server does not do its work: see above" if late else "",
    )


def _parked() -> Iterator[Check]:
    from stormproof.core.figures import reactions_parked

    count = reactions_parked()
    yield Check(
        name="Reactions",
        state="broken" if count else "ok",
        found=f"{count} parked after repeated failure" if count else "none parked",
        way_out="look at them in the console under Settings, then retry" if count else "",
    )
