"""`stormproof up`: one process that brings up all others in order and keeps them up."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from stormproof.cli.ready import fail, out
from stormproof.cli.shop import SampleShop
from stormproof.core.embedded import database_pid, start_database, stop_database
from stormproof.core.env import env
from stormproof.core.processes import mark_of, read_mark, write_mark
from stormproof.worker.supervisor import Part, Supervisor, stop_orphans

READY_S = 120.0


class _Stop(BaseException):
    """SIGTERM or SIGINT came."""


def run_up(
    *, port: int | None, host: str | None, with_shop: bool, shop_port: int | None = None, logs: bool = False
) -> int:
    """Run everything until a signal comes; the exit status."""
    began = time.monotonic()
    port, host = port or env.port, host or env.host
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _raise_stop)
    parts_folder = env.data_dir / "run" / "parts"
    with _the_only_one(env.data_dir):
        supervisor = None
        shop = SampleShop(env.data_dir, port_base=shop_port, say=say) if with_shop else None
        try:
            parts_folder.mkdir(parents=True, exist_ok=True)
            stop_orphans(parts_folder, say=say)
            _see_port_free(host, port)
            _see_port_free(host, port + 1)
            _see_port_free(host, port + 2)
            _see_database()
            environment = _environment(port, host)
            link = _prepare(environment)
            if shop:
                shop.begin_to_open(environment)
            supervisor = Supervisor(
                _parts(port, host, environment),
                run_folder=parts_folder,
                log_folder=None if logs else env.data_dir / "logs",
                say=say,
            )
            _run(supervisor, shop, port=port, host=host, link=link, began=began)
        except _Stop:
            say("up", "stopping")
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            _stop_all(supervisor, shop)
    return 0


def say(name: str, message: str) -> None:
    """One line about one process."""
    out.print(f"[bold cyan]{name:>9}[/]  ", end="")
    out.print(message, markup=False, soft_wrap=True)


def web_command(*, host: str | None = None, port: int | None = None) -> list[str]:
    """The command line of pages and API: gunicorn with threads, no control socket."""
    return [
        *(sys.executable, "-m", "gunicorn", "--config", "python:stormproof.web.serving", "--no-control-socket"),
        *("--bind", f"{host or env.host}:{port or env.port}", "stormproof.web.wsgi:application"),
    ]


def stream_command(*, host: str | None = None, port: int | None = None) -> list[str]:
    """The command line of the live stream: one uvicorn worker, one port above the pages."""
    return [
        *(sys.executable, "-m", "uvicorn", "stormproof.web.stream:application", "--host", host or env.host),
        *("--port", str((port or env.port) + 1), "--workers", "1", "--lifespan", "off", "--no-access-log"),
        *("--timeout-graceful-shutdown", "3"),
    ]


def _parts(port: int, host: str, environment: dict[str, str]) -> list[Part]:
    own = [sys.executable, "-m", "stormproof"]
    commands = {
        "web": web_command(host=host, port=port),
        "stream": stream_command(host=host, port=port),
        "intake": [*own, "intake", "--host", host, "--port", str(port)],
        "worker": [*own, "worker"],
        "prober": [*own, "prober"],
    }
    return [Part(name=name, command=command, environment=environment) for name, command in commands.items()]


def _environment(port: int, host: str) -> dict[str, str]:
    """What the processes get besides our own environment."""
    added = {"STORMPROOF_HOST": host, "STORMPROOF_PORT": str(port), "STORMPROOF_DATA_DIR": str(env.data_dir)}
    if "STORMPROOF_PUBLIC_URL" not in os.environ and env.public_url.endswith(":8000"):
        added["STORMPROOF_PUBLIC_URL"] = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
    return added


def _run(supervisor: Supervisor, shop: SampleShop | None, *, port: int, host: str, link: str, began: float) -> None:
    """Keep everything up until a signal comes; once all answer, say where to look."""
    is_announced, is_warned, next_look, waiting_since = False, False, 0.0, time.monotonic()
    while True:
        supervisor.look_after()
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + 1
            _see_database()
            if shop:
                shop.look()
            if not is_announced and _is_ready(host, port):
                _announce(supervisor, port=port, host=host, link=link, seconds=time.monotonic() - began)
                is_announced = True
            elif not is_announced and not is_warned and time.monotonic() - waiting_since > READY_S:
                say("up", f"not all is ready after {READY_S:.0f} s: run `stormproof doctor`; going on")
                is_warned = True
        time.sleep(0.1)


def _announce(supervisor: Supervisor, *, port: int, host: str, link: str, seconds: float) -> None:
    addresses = {
        "web": f"http://{host}:{port}",
        "stream": f"http://{host}:{port + 1}/stream/",
        "intake": f"http://{host}:{port + 2}/in/",
    }
    for name in ("web", "stream", "intake", "worker", "prober"):
        say(name, f"process {supervisor.pid_of(name)}  {addresses.get(name, '')}".rstrip())
    say("up", f"ready after {seconds:.1f} s; stop with Ctrl-C")
    if link:
        out.print(f"\n  Set up the first person (the link works once):\n  [bold]{link}[/]\n", soft_wrap=True)


def _is_ready(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{_reachable(host)}:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def _see_database() -> None:
    """The embedded database runs, or is started; one of one's own is not ours to manage."""
    if env.database_url:
        return
    if database_pid(env.data_dir) is None:
        started = start_database(env.data_dir)
        say("database", f"process {started.pid}  PostgreSQL in {env.data_dir / 'postgres'}")


def _prepare(environment: dict[str, str]) -> str:
    """Migrate and gather static files in a process of its own, so that this one stays small; the set-up link if any."""
    command = [sys.executable, "-m", "stormproof", "prepare", "--json"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env={**os.environ, **environment}, check=False, start_new_session=True
    )
    if done.returncode:
        raise fail("The database could not be brought up to date; the reason stands above.")
    return str(json.loads(done.stdout)["setup_link"])


def _stop_all(supervisor: Supervisor | None, shop: SampleShop | None) -> None:
    if supervisor:
        supervisor.stop()
    if shop:
        shop.stop()
    if not env.database_url:
        stop_database(env.data_dir)
    say("up", "stopped")


def _see_port_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise fail(
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                hint="Stop what listens there (ss -ltnp), or choose another: stormproof up --port 8100",
            ) from error


@contextlib.contextmanager
def _the_only_one(data_dir: Path) -> Iterator[None]:
    """One `up` for one data folder; its id is kept in `run/up.pid`."""
    folder = data_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = read_mark(folder / "up.pid")
            raise fail(
                f"Stormproof already runs over {data_dir}" + (f" (process {running.pid})." if running else "."),
                hint="Stop it first, or choose another folder with STORMPROOF_DATA_DIR.",
            ) from None
        mark = mark_of(os.getpid())
        if mark:
            write_mark(folder / "up.pid", mark=mark)
        try:
            yield
        finally:
            (folder / "up.pid").unlink(missing_ok=True)


def _raise_stop(number: int, frame: FrameType | None) -> None:
    raise _Stop
