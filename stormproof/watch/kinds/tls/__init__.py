"""Looks at a TLS certificate: trusted, for the right name, and valid for long enough."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormproof.core.document import Duration
from stormproof.engine.probe.outcome import Outcome
from stormproof.engine.probe.tls import TlsCheck, probe_tls
from stormproof.watch.kinds.kind import FormField, Kind, TimedShape, Tools
from stormproof.watch.kinds.targets import TIMEOUT_FIELD, Host, Port


class TlsShape(TimedShape):
    """The certificate of a TLS port."""

    kind: Literal["tls"]
    host: Host
    port: Port = 443
    warn_before: Duration = Field(14 * 86400, ge=0, description="Degraded from this long before the certificate ends.")


async def _look(shape: TlsShape, tools: Tools) -> Outcome:
    check = TlsCheck(host=shape.host, port=shape.port, warn_before_s=shape.warn_before)
    return await probe_tls(check, guard=tools.guard, deadline_s=tools.deadline_s, at=tools.at)


KIND = Kind(
    name="tls",
    title="Certificate",
    purpose="Checks the whole chain of a certificate as a browser does, and warns before it ends.",
    icon="certificate",
    shape=TlsShape,
    target=lambda shape: f"{shape.host}:{shape.port}",
    hosts=lambda shape: [("host", shape.host)],
    look=_look,
    fields=(
        FormField(path="host", label="Host", placeholder="shop.example", required=True),
        FormField(path="port", label="Port", widget="number", placeholder="443"),
        FormField(
            path="warn_before", label="Warn before", placeholder="14d", help="Degraded from this long before its end."
        ),
        TIMEOUT_FIELD,
    ),
)
