"""The door of alerts: keeps what integrations send, and a thread beside it that handles what was kept at once.

The worker handles too, once a second: whoever comes second finds nothing. So an intake that dies between the yes and
the handling delays an alert by a second and loses none.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from stormproof.respond.services.deliveries import LONGEST_BODY, Incoming, keep_deliveries, key_shown
from stormproof.respond.services.handling import handle_deliveries
from stormproof.respond.services.telling_groups import tell_due_groups
from stormproof.worker.intake.door import Answer, Ask, Connection, Door

RETRY_S = 1.0
log = structlog.get_logger(__name__)


class Handler:
    """A thread that handles what was kept whenever it is woken."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="handler", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process may have left."""
        self._thread.start()
        self._woken.set()

    def stop(self) -> None:
        """End after the set that is being handled."""
        self._is_stopping = True
        self._woken.set()
        self._thread.join(10)

    def wake(self, answers: Sequence[Answer] = ()) -> None:
        """There is something to handle."""
        self._woken.set()

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.wait()
            self._woken.clear()
            try:
                close_old_connections()
                while not self._is_stopping and handle_deliveries(at=self._clock()):
                    tell_due_groups(at=self._clock())
            except (DatabaseError, InterfaceError) as error:
                log.warning("intake.handler_waiting", error=str(error).strip()[:300])
                connection.close()
                self._woken.wait(RETRY_S)
        connection.close()


async def commit(connection: Connection, asks: Sequence[Ask], *, at: datetime) -> list[Answer]:
    """Keep the deliveries; each sender is told what its kind says."""
    incoming = [
        Incoming(key=ask.groups.get("key") or key_shown(ask.headers, ask.body), body=ask.body, headers=ask.headers)
        for ask in asks
    ]
    return [
        Answer(
            status=reply.status,
            body=json.dumps(reply.json).encode(),
            content_type="application/json",
            headers={"Retry-After": "60"} if reply.status == 429 else {},
        )
        for reply in await keep_deliveries(connection, incoming, at=at)
    ]


def alert_door(handler: Handler) -> Door:
    """`POST /in/<key>`, also with what Alertmanager's and PagerDuty's clients put behind it; and `/v2/enqueue`."""
    return Door(
        name="alerts",
        path=re.compile(r"/in(?:/(?P<key>[A-Za-z0-9_-]{1,100}))?(?:/api/v[12]/alerts|/v2/enqueue)?/?|/v2/enqueue/?"),
        methods=frozenset({"POST"}),
        longest_body=LONGEST_BODY,
        commit=commit,
        committed=handler.wake,
    )
