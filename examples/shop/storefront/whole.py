"""Answers leave in one piece.

gunicorn sends an answer's head and body one after the other. A web server that is killed in between leaves half an
answer behind, which HAProxy can no longer replace by asking the other instance. Sent at once, an answer is either
whole or not there.
"""

from typing import Any

from gunicorn.http import wsgi


class HeadWithBody:
    """A socket that keeps back what is sent first until the second piece comes, or until it is let go."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._kept: bytes | None = None

    def sendall(self, data: bytes) -> None:
        if self._kept is None:
            self._kept = bytes(data)
            return
        kept, self._kept = self._kept, b""
        self._sock.sendall(kept + data)

    def let_go(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, b""
            self._sock.sendall(kept)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class WholeResponse(wsgi.Response):
    """gunicorn's answer over such a socket."""

    def __init__(self, req: Any, sock: Any, cfg: Any, **more: Any) -> None:
        super().__init__(req, HeadWithBody(sock), cfg, **more)

    def sendfile(self, respiter: Any) -> bool:
        return False

    def close(self) -> None:
        super().close()
        self.sock.let_go()


def send_whole_answers() -> None:
    """From now on, in this process."""
    wsgi.Response = WholeResponse
