"""The ports the shop listens on: ours alone, or a clear word about who must move."""

from __future__ import annotations

import errno
import socket
import time

from keeper.layout import PORTS, Layout, ShopError
from keeper.processes import running

OWNERS = {"web": "haproxy", "stats": "haproxy", "db": "haproxy", "smtp": "mailbox"}  # the others bear their part's name
PATIENCE_S = 4.0  # the children of a killed part hold its port a moment longer


def require_free_ports(layout: Layout) -> None:
    """Refuse to start beside something that holds one of our ports and is not ours."""
    deadline = time.monotonic() + PATIENCE_S
    while taken := [part for part in PORTS if not running(layout, OWNERS.get(part, part)) and _is_taken(layout, part)]:
        if time.monotonic() > deadline:
            ports = ", ".join(f"{layout.port(part)} ({part})" for part in taken)
            raise ShopError(
                f"in use by another program: {ports}. Another shop may run on this machine: stop it, or choose other"
                " ports: `stormproof up --with-shop --shop-port 9480`, `supervise.py up --port-base 9480`"
            )
        time.sleep(0.2)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_taken(layout: Layout, part: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", layout.port(part)))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
