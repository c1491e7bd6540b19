"""How gunicorn serves pages and the API: `gunicorn --config python:stormproof.web.serving stormproof.web.wsgi`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stormproof.core.clock import now
from stormproof.core.env import env

bind = f"{env.host}:{env.port}"
worker_class = "gthread"
workers = env.web_workers
threads = env.web_threads
timeout = 60
graceful_timeout = 10
keepalive = 15
control_socket_disable = True  # its default place is shared by every gunicorn of a user
_memory = Path("/dev/shm")  # noqa: S108  (the heart-beat file: a slow disk must not look like a dead worker)
worker_tmp_dir = str(_memory) if _memory.is_dir() else None


def post_worker_init(worker: Any) -> None:
    """Each worker gives signs of life."""
    from stormproof.core.ticks import keep_ticking  # noqa: PLC0415  (models need Django, which the worker has just loaded)

    keep_ticking("web", clock=now)
