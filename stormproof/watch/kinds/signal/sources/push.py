"""Is not read: the shop sends its figures to the API."""

from __future__ import annotations

from typing import Literal

from stormproof.watch.kinds.signal.sources.source import Source, SourceShape


class PushSource(SourceShape):
    """The shop posts its counts to /api/v1/signals/<name>/counts with a token that may write to watch."""

    type: Literal["push"]


SOURCE = Source(name="push", title="Sent by the shop", shape=PushSource, read=None)
