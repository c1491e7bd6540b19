"""A very small real shop over HTTP, to be looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

HEAD = """<html><head><title>{title} | Alder &amp; Oak</title>
<script async src="https://www.googletagmanager.com/gtm.js?id=X"></script>
<link rel="preconnect" href="https://fonts.gstatic.com">
<link rel="canonical" href="https://elsewhere.example/">
</head><body><a href="/account/login">Sign in</a><a href="/cart">Cart (0)</a>
<form action="/search" method="get" role="search"><input name="q"></form>"""
PRODUCT = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "Product",
"name": "Oak table", "offers": {"@type": "Offer", "priceCurrency": "DKK", "price": "900"}}]}</script>
<form action="/cart/add" method="post"><input type="hidden" name="id" value="7"><button>Add to cart</button></form>"""
PAGES = {
    "/": '<a href="/collections/tables">Tables</a><a href="/about">About us</a><img src="/marks/klarna.svg" alt="">',
    "/collections/tables": '<a href="/products/oak-table">Oak table</a>',
    "/products/oak-table": PRODUCT,
    "/search": "<p>One table</p>",
    "/about": "<p>us</p>",
}


class SmallShop(BaseHTTPRequestHandler):
    """Keeps the basket in a cookie; the checkout is only reached with something in it."""

    robots: ClassVar[str] = "User-agent: *\nDisallow: /account/\n"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path, full = self.path.partition("?")[0], "basket=7" in self.headers.get("Cookie", "")
        if path == "/robots.txt":
            self._send(200, self.robots, kind="text/plain")
        elif path == "/metadata":
            self._move("http://169.254.169.254/latest/")
        elif path == "/cart":
            link = '<a href="/pay/start">Proceed to checkout</a>' if full else "<p>Empty</p>"
            self._send(200, HEAD.format(title="Cart") + link)
        elif path == "/pay/start" and full:
            self._send(200, HEAD.format(title="Checkout") + '<script src="https://js.stripe.com/v3/"></script>')
        elif path in PAGES:
            title = "Oak table" if "oak" in path else "Home"
            self._send(200, HEAD.format(title=title) + PAGES[path])
        else:
            self._send(404, "no")

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._move("/cart", cookie="basket=7" if self.path == "/cart/add" and body == "id=7" else "")

    def _send(self, status: int, text: str, *, kind: str = "text/html; charset=utf-8") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("CF-Ray", "1")
        self.end_headers()
        self.wfile.write(data)

    def _move(self, where: str, *, cookie: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        if cookie:
            self.send_header("Set-Cookie", f"{cookie}; Path=/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def small_shop(*, robots: str = SmallShop.robots) -> Iterator[tuple[str, list[str]]]:
    """The shop's address and the list of what it was asked for."""
    handler = type("Shop", (SmallShop,), {"robots": robots, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", handler.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
