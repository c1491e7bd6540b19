"""An httpx client that can only reach what a `Guard` allows, for blocking callers such as webhooks."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound


class GuardedBackend(httpcore.SyncBackend):
    """Connects to the address that was judged, never to the name; TLS still checks the name."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first judged address of `host` that answers."""
        failure: Exception = httpcore.ConnectError(f"cannot connect to {host}")
        try:
            targets = self._guard.resolve_now(host, port)
        except (AddressRefused, NameNotFound) as error:
            raise httpcore.ConnectError(str(error)) from error
        for target in targets:
            try:
                return super().connect_tcp(target.address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refused: a web address never leads to a socket file."""
        raise httpcore.ConnectError("unix sockets are not allowed")


class GuardedTransport(httpx.HTTPTransport):
    """httpx's transport over a guarded connection pool; proxies from the environment are not used."""

    def __init__(self, guard: Guard, *, verify: ssl.SSLContext | None = None) -> None:
        super().__init__(verify=verify or ssl.create_default_context(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify or ssl.create_default_context(),
            max_connections=10,
            keepalive_expiry=5,
            network_backend=GuardedBackend(guard),
        )


def guarded_client(guard: Guard, *, timeout_s: float = 10, verify: ssl.SSLContext | None = None) -> httpx.Client:
    """A client whose every connection, also after a redirect, is judged by `guard`.

    A refused target raises `httpx.ConnectError` with the guard's words. Redirects are followed only when the
    caller asks (`follow_redirects=True`), three at most.
    """
    return httpx.Client(
        transport=GuardedTransport(guard, verify=verify), timeout=timeout_s, max_redirects=3, trust_env=False
    )
