"""Looks whether a TCP port takes a connection."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.tcp import TcpCheck, probe_tcp
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan, Host, Port


class TcpShape(TimedShape):
    """A TCP port."""

    kind: Literal["tcp"]
    host: Host
    port: Port
    greeting: str = Field("", max_length=200, description="What the server's greeting must contain.")
    faster_than: FasterThan = None


async def _look(shape: TcpShape, tools: Tools) -> Outcome:
    check = TcpCheck(host=shape.host, port=shape.port, greeting=shape.greeting, faster_than_s=shape.faster_than)
    return await probe_tcp(check, guard=tools.guard, deadline_s=tools.deadline_s)


KIND = Kind(
    name="tcp",
    title="TCP port",
    purpose="Opens a connection to a port; for what speaks no HTTP: mail servers, databases, message queues.",
    icon="plug-connected",
    shape=TcpShape,
    target=lambda shape: f"{shape.host}:{shape.port}",
    hosts=lambda shape: [("host", shape.host)],
    look=_look,
    fields=(
        FormField(path="host", label="Host", placeholder="mail.shop.example", required=True),
        FormField(path="port", label="Port", widget="number", placeholder="25", required=True),
        FormField(path="greeting", label="Greeting contains", placeholder="220", help="Empty: any connection is good."),
        FASTER_THAN_FIELD,
        TIMEOUT_FIELD,
    ),
)
