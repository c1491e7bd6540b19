"""Looks whether a UDP service answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stormproof.engine.probe.conditions import read_condition
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.udp import UdpCheck, probe_udp
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import FASTER_THAN_FIELD, TIMEOUT_FIELD, FasterThan, Host, Port
from stormproof.watch.kinds.thresholds import ConditionText

HEX = "hex:"


def read_payload(text: str) -> bytes:
    """The bytes to send: the text itself, or what `hex:00 ff` spells; ValueError."""
    if not text.startswith(HEX):
        return text.encode()
    try:
        return bytes.fromhex(text.removeprefix(HEX))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a payload: after hex: write pairs of 0-9 and a-f") from error


def _payload(text: str) -> str:
    read_payload(text)
    return text


class UdpShape(TimedShape):
    """A UDP service."""

    kind: Literal["udp"]
    host: Host
    port: Port
    payload: Annotated[str, AfterValidator(_payload)] = Field(
        min_length=1, max_length=4000, description="What is sent: text, or bytes as `hex:00ff`."
    )
    answer: ConditionText | None = Field(None, description="What the answer must be like: `contains pong`, `~ ^OK`.")
    faster_than: FasterThan = None


async def _look(shape: UdpShape, tools: Tools) -> Outcome:
    check = UdpCheck(
        host=shape.host,
        port=shape.port,
        payload=read_payload(shape.payload),
        answer=None if shape.answer is None else read_condition(shape.answer),
        faster_than_s=shape.faster_than,
    )
    return await probe_udp(check, guard=tools.guard, deadline_s=tools.deadline_s)


KIND = Kind(
    name="udp",
    title="UDP service",
    purpose="Sends something to a UDP port and waits for the answer: game servers, SIP, RADIUS, a service of your own.",
    icon="broadcast",
    shape=UdpShape,
    target=lambda shape: f"{shape.host}:{shape.port} (UDP)",
    hosts=lambda shape: [("host", shape.host)],
    look=_look,
    fields=(
        FormField(path="host", label="Host", placeholder="stock.shop.example", required=True),
        FormField(path="port", label="Port", widget="number", placeholder="5060", required=True),
        FormField(
            path="payload",
            label="Send",
            placeholder="ping",
            required=True,
            help="Text, or bytes as hex:00ff. It is sent up to three times: UDP loses packets.",
        ),
        FormField(
            path="answer",
            label="The answer is",
            placeholder="contains pong",
            help="A condition: == text, contains word, ~ pattern, length > 10. Empty: any answer is good.",
        ),
        FASTER_THAN_FIELD,
        TIMEOUT_FIELD,
    ),
)
