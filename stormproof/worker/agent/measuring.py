"""What one machine is doing, as names with a figure each.

`cpu`, `memory`, `swap` are percent in use; `load` is the load of a minute per processor; `disk:/` and `inodes:/`
percent of each mount; `net_errors` packets lost or broken in a second; `process:nginx` how many run;
`service:nginx` 1 when systemd has it active, else 0.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil

SERVICE_S = 5
_NOT_DISKS = frozenset({"squashfs", "iso9660", "tmpfs", "devtmpfs", "overlay", "autofs", "ramfs"})


class Machine:
    """Measures; what counts upwards is compared with the time before."""

    def __init__(self, *, processes: Sequence[str] = (), services: Sequence[str] = ()) -> None:
        self._processes, self._services = processes, services
        self._errors: tuple[float, float] | None = None
        psutil.cpu_percent()  # the first answer counts from here

    def measure(self) -> dict[str, float]:
        """All figures, now."""
        found = {
            "cpu": psutil.cpu_percent(),
            "memory": psutil.virtual_memory().percent,
            "swap": psutil.swap_memory().percent,
            "load": round(psutil.getloadavg()[0] / (psutil.cpu_count() or 1), 3),
            "uptime": round(time.time() - psutil.boot_time()),
        }
        return {**found, **_disks(), **self._network(), **self._named_processes(), **self._named_services()}

    def _network(self) -> dict[str, float]:
        now, counted = time.monotonic(), psutil.net_io_counters()
        total = float(counted.errin + counted.errout + counted.dropin + counted.dropout)
        before, self._errors = self._errors, (now, total)
        if before is None or now <= before[0]:
            return {}
        return {"net_errors": round(max(0.0, total - before[1]) / (now - before[0]), 3)}

    def _named_processes(self) -> dict[str, float]:
        if not self._processes:
            return {}
        running = Counter(process.info["name"] for process in psutil.process_iter(["name"]))
        return {f"process:{name}": float(running[name]) for name in self._processes}

    def _named_services(self) -> dict[str, float]:
        if not self._services or not Path("/run/systemd/system").is_dir():
            return {}
        return {f"service:{name}": _is_active(name) for name in self._services}


def _disks() -> dict[str, float]:
    found: dict[str, float] = {}
    mounts = {part.mountpoint for part in psutil.disk_partitions() if part.fstype not in _NOT_DISKS}
    for mount in sorted({"/", *mounts}):
        if Path(mount).is_file():  # single files mounted into a container
            continue
        try:
            found[f"disk:{mount}"] = round(psutil.disk_usage(mount).percent, 1)
            nodes = os.statvfs(mount)
        except OSError:
            continue
        if nodes.f_files:
            found[f"inodes:{mount}"] = round((1 - nodes.f_favail / nodes.f_files) * 100, 1)
    return found


def _is_active(name: str) -> float:
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return 0.0
    try:
        done = subprocess.run([systemctl, "is-active", "--quiet", "--", name], check=False, timeout=SERVICE_S)
    except subprocess.TimeoutExpired:
        return 0.0
    return float(done.returncode == 0)
