"""HAProxy: the shop's front door (HTTP), its database door (TCP) and the runtime socket that moves both."""

from __future__ import annotations

import socket
from pathlib import Path

from keeper.layout import Layout, ShopError, find_program
from keeper.processes import running, start, wait_until

# Why a POST may be repeated: HAProxy gives every request an id of its own, a repeated one carries the same, and the
# shop writes that id in the same transaction as the effect (storefront/once.py). Without that, keep POSTs out of
# retry-on. `http-buffer-request` is needed: HAProxy can only repeat a request that it holds whole, and the body of a
# POST comes in a second packet.
CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin
    stats timeout 30s
    maxconn 500
    log stdout format raw local0 info

defaults
    log global
    option dontlognull
    timeout connect 1s
    timeout client 30s
    timeout server 20s
    timeout check 5s
    timeout queue 5s

frontend web
    mode http
    option httplog
    option dontlog-normal
    bind 127.0.0.1:{web}
    option http-buffer-request
    http-request del-header X-Request-ID
    unique-id-format %{{+X}}o%ci%cp%Ts%rt%pid
    unique-id-header X-Request-ID
    default_backend web

backend web
    mode http
    balance leastconn
    option httpchk GET /livez
    option redispatch 1
    option http-keep-alive
    retries 3
    retry-on conn-failure empty-response
    default-server inter 1s fall 3 rise 1 maxconn 32 observe layer4 error-limit 2 on-error mark-down
    server web-a 127.0.0.1:{web_a} check
    server web-b 127.0.0.1:{web_b} check

frontend stats
    mode http
    bind 127.0.0.1:{stats}
    stats enable
    stats uri /
    stats refresh 5s
    http-request use-service prometheus-exporter if {{ path /metrics }}

frontend db
    mode tcp
    bind 127.0.0.1:{db}
    timeout client 1h
    default_backend db

backend db
    mode tcp
    timeout server 1h
    retries 0
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
    server db-a 127.0.0.1:{db_a} check
    server db-b 127.0.0.1:{db_b} check disabled
"""

INITIAL = {"web/web-a": "ready", "web/web-b": "ready", "db/db-a": "ready", "db/db-b": "maint"}


def start_proxy(layout: Layout) -> None:
    """Write the configuration, check it with HAProxy itself, start it."""
    if running(layout, "haproxy"):
        return
    program = find_program("haproxy", "haproxy")
    path = layout.run / "haproxy.cfg"
    ports = {
        name.replace("-", "_"): layout.port(name) for name in ("web", "web-a", "web-b", "stats", "db", "db-a", "db-b")
    }
    path.write_text(CONFIGURATION.format(socket=layout.socket, **ports))
    layout.socket.unlink(missing_ok=True)
    start(layout, "haproxy", [program, "-db", "-f", str(path)], cwd=Path("/"), environment=layout.environment())
    wait_until(lambda: answers(layout), within=5, what=f"haproxy (see {layout.logs}/haproxy.log)")


def answers(layout: Layout) -> bool:
    """Whether the runtime socket answers."""
    try:
        return "web-a" in command(layout, "show servers state")
    except (OSError, ShopError):
        return False


def command(layout: Layout, text: str) -> str:
    """One command to the runtime socket (one per connection), its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(3)
        connection.connect(str(layout.socket))
        connection.sendall(f"{text}\n".encode())
        found = b""
        while part := connection.recv(65536):
            found += part
    answer = found.decode().strip()
    if text.startswith("set ") and answer:
        raise ShopError(f"haproxy refused `{text}`: {answer}")
    return answer


def set_state(layout: Layout, server: str, state: str) -> None:
    """Put a server (`backend/name`) to ready, drain or maint."""
    command(layout, f"set server {server} state {state}")


def states(layout: Layout) -> dict[str, str]:
    """Each server's state as HAProxy sees it."""
    lines = command(layout, "show stat").splitlines()
    names = lines[0].lstrip("# ").split(",")
    found = {}
    for line in lines[1:]:
        row = dict(zip(names, line.split(","), strict=False))
        if row.get("svname") not in ("FRONTEND", "BACKEND", None):
            found[f"{row['pxname']}/{row['svname']}"] = row["status"]
    return found


def reset(layout: Layout) -> None:
    """Every server in its initial state; those already there are not touched."""
    now = states(layout)
    for server, state in INITIAL.items():
        if (state == "maint") != now.get(server, "").startswith("MAINT") or now.get(server) == "DRAIN":
            set_state(layout, server, state)


def is_settled(layout: Layout) -> bool:
    """Whether every server is where `reset` puts it and no check of it is in doubt (`UP 1/2`: a look failed)."""
    now = states(layout)
    return all(now.get(server) == ("MAINT" if state == "maint" else "UP") for server, state in INITIAL.items())
