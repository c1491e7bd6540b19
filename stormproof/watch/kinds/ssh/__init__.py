"""Looks at an SSH server: its banner and its host key."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.ssh import SshCheck, probe_ssh
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan, Host, Port
from stormproof.watch.kinds.thresholds import ConditionText


class SshShape(TimedShape):
    """An SSH server."""

    kind: Literal["ssh"]
    host: Host
    port: Port = 22
    banner: ConditionText | None = Field(None, description="What the banner must be like: `~ ^SSH-2.0-OpenSSH`.")
    fingerprint: str = Field(
        "",
        pattern=r"^(SHA256:[A-Za-z0-9+/]{43})?$",
        description="SHA256 fingerprint of a host key, as `ssh-keygen -lf` writes it; another key is down.",
    )
    faster_than: FasterThan = None


async def _look(shape: SshShape, tools: Tools) -> Outcome:
    check = SshCheck(
        host=shape.host,
        port=shape.port,
        banner=None if shape.banner is None else read_condition(shape.banner),
        fingerprint=shape.fingerprint,
        faster_than_s=shape.faster_than,
    )
    return await probe_ssh(check, guard=tools.guard, deadline_s=tools.deadline_s)


KIND = Kind(
    name="ssh",
    title="SSH server",
    purpose="Reads the banner of an SSH server and, when asked, lets it prove that it holds the host key you know.",
    icon="terminal-2",
    shape=SshShape,
    target=lambda shape: f"{shape.host}:{shape.port}",
    hosts=lambda shape: [("host", shape.host)],
    look=_look,
    fields=(
        FormField(path="host", label="Host", placeholder="web-1.shop.example", required=True),
        FormField(path="port", label="Port", widget="number", placeholder="22"),
        FormField(
            path="banner",
            label="The banner is",
            placeholder="~ ^SSH-2.0-OpenSSH",
            help="A condition. Empty: any SSH server is good.",
        ),
        FormField(
            path="fingerprint",
            label="Host key",
            placeholder="SHA256:...",
            help="As `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` writes it. Another key is down: the machine "
            "was replaced, or somebody stands between.",
        ),
        FASTER_THAN_FIELD,
        TIMEOUT_FIELD,
    ),
)
