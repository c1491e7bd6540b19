"""Looks whether a machine answers pings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.icmp import IcmpCheck, probe_icmp
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.thresholds import Thresholds
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan, Host
from stormproof.watch.kinds.thresholds import ConditionText


class IcmpShape(TimedShape):
    """A machine that answers pings. The value is the share of packets lost, in percent."""

    kind: Literal["icmp"]
    host: Host
    packets: int = Field(5, ge=1, le=20, description="How many packets a look sends.")
    down_when: ConditionText = Field(">= 100", description="Down when the loss in percent is so.")
    degraded_when: ConditionText = Field("> 20", description="Degraded when the loss in percent is so.")
    faster_than: FasterThan = Field(None, gt=0, description="A median time of a packet above this is degraded.")


async def _look(shape: IcmpShape, tools: Tools) -> Outcome:
    thresholds = Thresholds(
        down_when=read_condition(shape.down_when),
        degraded_when=read_condition(shape.degraded_when),
        faster_than_s=shape.faster_than,
    )
    check = IcmpCheck(host=shape.host, packets=shape.packets, thresholds=thresholds)
    return await probe_icmp(check, guard=tools.guard, deadline_s=tools.deadline_s)


KIND = Kind(
    name="icmp",
    title="Ping",
    purpose="Pings a machine: how many packets are lost, and how long they take. For routers, links and bare machines.",
    icon="radar",
    shape=IcmpShape,
    target=lambda shape: shape.host,
    hosts=lambda shape: [("host", shape.host)],
    look=_look,
    fields=(
        FormField(path="host", label="Host", placeholder="gateway.shop.example", required=True),
        FormField(path="packets", label="Packets", widget="number", placeholder="5", help="How many a look sends."),
        FormField(path="down_when", label="Down when the loss is", placeholder=">= 100", help="In percent."),
        FormField(path="degraded_when", label="Degraded when the loss is", placeholder="> 20", help="In percent."),
        FASTER_THAN_FIELD,
        TIMEOUT_FIELD,
    ),
)
