"""A mail server whose mailbox can be read: SMTP in, HTTP out.

GET /messages[?to=a@b]   GET /messages/7   DELETE /messages   GET /healthz
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 5000


class Mailbox:
    """Messages, newest last; the oldest fall off."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.messages: list[dict[str, Any]] = []
        self.last = 0

    async def handle_DATA(  # noqa: N802  (aiosmtpd asks for this name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        body, page = parsed.get_body(("plain",)), parsed.get_body(("html",))
        with self.lock:
            self.last += 1
            self.messages.append(
                {
                    "id": self.last,
                    "at": time.time(),
                    "from": envelope.mail_from,
                    "to": list(envelope.rcpt_tos),
                    "subject": str(parsed.get("Subject", "")),
                    "headers": {name: str(value) for name, value in parsed.items()},
                    "text": body.get_content() if body else "",
                    "html": page.get_content() if page else "",
                }
            )
            del self.messages[:-KEPT]
        return "250 kept"


class Door(BaseHTTPRequestHandler):
    """The mailbox over HTTP."""

    protocol_version = "HTTP/1.1"
    mailbox: Mailbox

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts == ["healthz"]:
            return self.answer(200, {"ok": True})
        with self.mailbox.lock:
            found = list(self.mailbox.messages)
        if parts == ["messages"]:
            to = parse_qs(url.query).get("to", [""])[0]
            return self.answer(200, {"messages": [message for message in found if not to or to in message["to"]]})
        if len(parts) == 2 and parts[0] == "messages" and parts[1].isdigit():
            for message in found:
                if message["id"] == int(parts[1]):
                    return self.answer(200, message)
        return self.answer(404, {"error": "not here"})

    def do_DELETE(self) -> None:
        with self.mailbox.lock:
            self.mailbox.messages.clear()
        self.answer(200, {"messages": []})

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


async def main() -> None:
    smtp_port, http_port = int(sys.argv[1]), int(sys.argv[2])
    Door.mailbox = Mailbox()
    ThreadingHTTPServer.daemon_threads = True
    threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", http_port), Door).serve_forever, daemon=True).start()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Door.mailbox, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", smtp_port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
