"""What is done once: the virtual environment, and a seeded database cluster kept as a template for the next shop."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from keeper import postgres
from keeper.layout import CACHE, PORTS, PYTHON, SHOP, VENV, Layout, ShopError, make_secrets
from keeper.ports import free_port

LOCK = SHOP / "requirements.lock"
SEEDED_BY = (
    "requirements.lock",
    "storefront/catalogue.py",
    "storefront/drawings.py",
    "storefront/models.py",
    "keeper/setup.py",
)
SEEDED_FROM = ("storefront/management/commands", "storefront/migrations")
ROLES = """\
create role shop login password '{shop}';
create role replicator login replication password '{replicator}';
create role stormproof login password '{stormproof}' in role pg_monitor, pg_read_all_data;
create database shop owner shop;
"""


def say(text: str) -> None:
    """One line of progress."""
    print(f"shop: {text}", flush=True)


def ensure_venv() -> None:
    """The shop's own packages, exactly those of the lock file."""
    stamp = VENV / "installed.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    say("installing the shop's packages")
    uv = find_uv()
    if uv:
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        if not PYTHON.exists():
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(VENV)], check=True, env=environment)
        sync = [uv, "pip", "sync", "-q", "--require-hashes", "--python", str(PYTHON), str(LOCK)]
        subprocess.run(sync, check=True, env=environment)
    else:
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK)], check=True)
    stamp.write_text(wanted)


def find_uv() -> str | None:
    """uv beside our own Python or on the path; without it pip does the same, slower."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


def template_folder() -> Path:
    """The template of this very code and these very packages."""
    files = [SHOP / name for name in SEEDED_BY]
    for folder in SEEDED_FROM:
        files += sorted((SHOP / folder).glob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return CACHE / digest.hexdigest()[:12]


def ensure_template(layout: Layout) -> Path:
    """Make the template unless it is there. Two that start at once both make one; the first to finish wins."""
    wanted = template_folder()
    if (wanted / "db" / "PG_VERSION").exists():
        return wanted
    say("creating and seeding the shop's database (once, about 40 s)")
    CACHE.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=CACHE))
    making.chmod(0o755)
    scratch = Layout(making / "scratch", free_port() - PORTS.index("db-a"))
    for folder in (scratch.run, scratch.logs):
        folder.mkdir(parents=True)
    try:
        make_secrets(scratch.data / "secrets.json")
        seed(scratch)
        finished = making / "finished"
        finished.mkdir()
        for source, target in (
            ("db-a", "db"),
            ("media", "media"),
            ("search", "search"),
            ("secrets.json", "secrets.json"),
        ):
            (scratch.data / source).rename(finished / target)
        if not wanted.exists():
            finished.rename(wanted)
    finally:
        postgres.stop_node(scratch, "db-a")
        shutil.rmtree(making, ignore_errors=True)
    return wanted


def seed(scratch: Layout) -> None:
    """A new cluster with roles, tables and products, stopped cleanly."""
    folder = scratch.data / "db-a"
    postgres.own(folder)
    password = scratch.data / "keeper-password"
    password.write_text(scratch.secrets["keeper"])
    password.chmod(0o644)
    options = [
        "-U",
        "keeper",
        f"--pwfile={password}",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    postgres.run(scratch, ["initdb", "-D", str(folder), *options])
    password.unlink()
    postgres.configure(scratch, "db-a", synchronous=False)
    postgres.start_node(scratch, "db-a", database="postgres")
    for statement in ROLES.format(**scratch.secrets).splitlines():
        postgres.query(scratch, "db-a", statement, database="postgres")
    environment = {**scratch.environment(), "SHOP_DATABASE_URL": scratch.database_url("shop", "db-a")}
    for words in (["migrate", "-v0"], ["seed_shop"]):
        manage(words, environment)
    postgres.query(scratch, "db-a", "grant execute on function pg_promote(boolean, integer) to stormproof")
    postgres.query(scratch, "db-a", "analyze")
    postgres.stop_node(scratch, "db-a")


def manage(words: list[str], environment: dict[str, str]) -> None:
    """Run one of the storefront's commands."""
    command = [str(PYTHON), str(SHOP / "manage.py"), *words]
    done = subprocess.run(command, env=environment, cwd=SHOP, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ShopError(f"manage.py {' '.join(words)} failed:\n{done.stderr[-2000:]}")
    if done.stdout.strip():
        say(done.stdout.strip())


def lay_foundation(layout: Layout) -> None:
    """A new shop from the template; an existing one is left alone."""
    if (layout.data / "secrets.json").exists() and any(
        (layout.data / node / "PG_VERSION").exists() for node in postgres.NODES
    ):
        return
    template = ensure_template(layout)
    for source, target in (("media", "media"), ("search", "search"), ("db", "db-a")):
        shutil.rmtree(layout.data / target, ignore_errors=True)
        shutil.copytree(template / source, layout.data / target)
    shutil.copy2(template / "secrets.json", layout.data / "secrets.json")
    postgres.own(layout.data / "db-a")
    postgres.configure(layout, "db-a", synchronous=False)
