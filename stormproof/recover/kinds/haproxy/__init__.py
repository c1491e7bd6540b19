"""`haproxy`: take a server out of the load balancer, bring it back, weigh it or give it another address.

It speaks to HAProxy's runtime socket (`stats socket ... level admin`), one command per connection, and reads
`show servers state` to see whether the load balancer now says what was asked.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from stormproof.core.env import env
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.recover.kinds.contract import CannotRunStep, Outcome, StepCall, StepKind, Verdict
from stormproof.recover.kinds.shapes import Shape

FORCED_MAINTENANCE, FORCED_DRAIN = 0x01, 0x08  # srv_admin_state, HAProxy management guide 9.3, "show servers state"
STATES = {"ready": 0, "drain": FORCED_DRAIN, "maint": FORCED_MAINTENANCE}
MOST_BYTES = 4_000_000
REFUSALS = ("Unknown command", "Permission denied", "No such", "Require", "Invalid", "Backend is")


class HaproxyShape(Shape):
    """A server of a backend and what is to become of it: exactly one of `state`, `weight` and `address`."""

    socket: str = Field(min_length=1)
    server: str = Field(pattern=r"^[A-Za-z0-9_.:-]+/[A-Za-z0-9_.:-]+$")
    state: Literal["ready", "drain", "maint"] | None = None
    weight: int | None = Field(default=None, ge=0, le=256)
    address: str | None = None
    end_sessions: bool = False

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if address is not None and "${" not in address:
            _host_and_port(address)
        return address

    @field_validator("socket")
    @classmethod
    def _is_socket(cls, path: str) -> str:
        if not path.startswith("/") and "${" not in path and not path.startswith("env:"):
            host, _, port = path.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("write the absolute path of the runtime socket, or host:port")
        return path

    @model_validator(mode="after")
    def _one_thing(self) -> HaproxyShape:
        if sum(asked is not None for asked in (self.state, self.weight, self.address)) != 1:
            raise ValueError("give exactly one of state, weight and address")
        return self


@dataclass(frozen=True)
class ServerState:
    """What HAProxy says of one server."""

    address: str
    port: int
    admin: int
    weight: int
    is_up: bool

    @property
    def state(self) -> str:
        """Its administrative state in the words that set it."""
        if self.admin & FORCED_MAINTENANCE:
            return "maint"
        return "drain" if self.admin & FORCED_DRAIN else "ready"


class HaproxyRefused(Exception):
    """HAProxy answered with an error; nothing was changed."""


class Haproxy(StepKind[HaproxyShape]):
    """Changes one server of a load balancer."""

    name: ClassVar[str] = "haproxy"
    title: ClassVar[str] = "Load balancer"
    shape = HaproxyShape
    can_undo: ClassVar[bool] = True
    can_probe: ClassVar[bool] = True

    def is_safe_to_repeat(self, with_: HaproxyShape) -> bool:
        """It sets a state; setting it again changes nothing."""
        return True

    def where(self, with_: HaproxyShape) -> str:
        """Server and change."""
        if with_.state:
            return f"set {with_.server} to {with_.state}"
        if with_.address:
            return f"send the traffic of {with_.server} to {with_.address}"
        return f"set the weight of {with_.server} to {with_.weight}"

    def execute(self, with_: HaproxyShape, call: StepCall) -> Outcome:
        """Change it, and note how it was before."""
        try:
            before = server_state(with_, call)
            said = [ask(with_.socket, command, seconds=call.seconds_left()) for command in _commands(with_)]
            after = server_state(with_, call)
        except OSError as error:
            return Outcome("failed", f"no answer from HAProxy at {with_.socket}: {error}")
        except HaproxyRefused as error:
            return Outcome("failed", str(error))
        was = {"state": before.state, "weight": before.weight, "address": f"{before.address}:{before.port}"}
        words = [f"before: {_told(before)}", *(line for line in said if line), f"now: {_told(after)}"]
        return Outcome("done", "\n".join(words), {"before": was})

    def verify(self, with_: HaproxyShape, call: StepCall) -> Verdict | None:
        """Whether HAProxy says what was asked."""
        try:
            found = server_state(with_, call)
        except (OSError, HaproxyRefused) as error:
            return Verdict("inconclusive", str(error))
        return Verdict("done" if _is_as_asked(with_, found) else "not_done", _told(found))

    def undo(self, with_: HaproxyShape, result: dict[str, Any], call: StepCall) -> Outcome:
        """Set back what `execute` found."""
        before = result.get("before")
        if not isinstance(before, dict):
            return Outcome("failed", "it is not known how the server was before")
        key = "state" if with_.state else "address" if with_.address else "weight"
        kept = {"socket": with_.socket, "server": with_.server, key: before[key]}
        return self.execute(HaproxyShape.model_validate(kept), call)

    def dry_run(self, with_: HaproxyShape) -> str:
        """Says what would be set."""
        return f"would {self.where(with_)} over {with_.socket}"


def _commands(with_: HaproxyShape) -> list[str]:
    ending = [f"shutdown sessions server {with_.server}"] if with_.end_sessions else []
    if with_.state:
        return [f"set server {with_.server} state {with_.state}", *ending]
    if with_.address:
        host, port = _host_and_port(with_.address)
        return [f"set server {with_.server} addr {host} port {port}", *ending]
    return [f"set server {with_.server} weight {with_.weight}", *ending]


def _is_as_asked(with_: HaproxyShape, found: ServerState) -> bool:
    if with_.state:
        return found.state == with_.state
    if with_.address:
        return (found.address, found.port) == _host_and_port(with_.address)
    return found.weight == with_.weight


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        return str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError as error:
        raise ValueError(f"{address!r} is no address: write an IP and a port, such as 10.0.0.5:5432") from error


def _told(found: ServerState) -> str:
    health = "up" if found.is_up else "down"
    return f"{found.state}, {health}, weight {found.weight}, {found.address}:{found.port}"


def server_state(with_: HaproxyShape, call: StepCall) -> ServerState:
    """What HAProxy says of the server; raises `HaproxyRefused` when it knows no such server."""
    backend, name = with_.server.split("/", 1)
    lines = ask(with_.socket, f"show servers state {backend}", seconds=call.seconds_left()).splitlines()
    columns = next((line[1:].split() for line in lines if line.startswith("#")), [])
    for line in lines:
        row = dict(zip(columns, line.split(), strict=False))
        if row.get("srv_name") == name:
            return ServerState(
                address=row["srv_addr"],
                port=int(row["srv_port"]),
                admin=int(row["srv_admin_state"]),
                weight=int(row["srv_uweight"]),
                is_up=row["srv_op_state"] == "2",
            )
    said = lines[0] if lines and not columns else "it has no such server"
    raise HaproxyRefused(f"HAProxy knows no {with_.server}: {said}")


def ask(path: str, command: str, *, seconds: float) -> str:
    """HAProxy's answer to one command over a connection of its own; raises `OSError`, `HaproxyRefused`."""
    with closing(_connect(path, max(0.2, min(5.0, seconds)))) as line:
        line.sendall(f"{command}\n".encode())
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
            if len(answer) > MOST_BYTES:
                break
    text = answer.decode(errors="replace").strip()
    is_refusal = text.startswith(
        ("Unknown command", "Permission denied", "No such", "Require", "Invalid", "Backend is")
    )
    if is_refusal or "could not" in text.lower():
        raise HaproxyRefused(f"HAProxy refused {command!r}: {text.splitlines()[0]}")
    return text


def _connect(path: str, seconds: float) -> socket.socket:
    if path.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(seconds)
        try:
            line.connect(path)
        except OSError:
            line.close()
            raise
        return line
    host, _, port = path.rpartition(":")
    try:
        return Guard(env.allowed_networks).connect_now(host, int(port), seconds)
    except (AddressRefused, NameNotFound) as error:
        raise CannotRunStep(str(error)) from error
