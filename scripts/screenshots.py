"""Takes the pictures of the docs from a running installation, and refuses pages that axe finds fault with.

    python scripts/screenshots.py --session KEY --pages overview=/ status=/status/ --into docs/images

KEY is the value of the session cookie of somebody who is signed in. Every page is taken wide, on a phone and dark, and
a page on a phone must not scroll sideways. Exit status 1 when a page has a violation or scrolls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
COOKIE = "stormproof_session"
UNDRAWN = "[data-chart]:not([data-drawn]),[data-graph]:not([data-drawn])"


@dataclass(frozen=True)
class Look:
    """One way of looking at a page."""

    name: str
    width: int
    height: int
    scheme: str


LOOKS = (Look("desktop", 1440, 1000, "light"), Look("mobile", 360, 780, "light"), Look("dark", 1440, 1000, "dark"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_page(
    browser: Browser, address: str, path: str, *, session: str, look: Look, said: list[str] | None = None
) -> Page:
    """The page as somebody signed in sees it, drawn to the end; errors of its scripts and policy go into `said`."""
    errors = [] if said is None else said
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    if session:
        context.add_cookies([{"name": COOKIE, "value": session, "url": address}])
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    answer = page.goto(address + path, wait_until="load")
    if answer is None or answer.status != 200 or not page.url.startswith(address + path):
        raise SystemExit(
            f"{path} answered {answer.status if answer else 'nothing'} at {page.url}: is the session good?"
        )
    for _ in range(100):  # evaluated from outside: the page's own policy forbids `wait_for_function`
        if page.evaluate(f"document.querySelectorAll('{UNDRAWN}').length") == 0:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(400)
    return page


def complaints_about(page: Page, *, look: Look) -> list[str]:
    """What axe finds wrong with the page, and whether it scrolls sideways."""
    found = []
    for fault in Axe().run(page).response["violations"]:
        places = " | ".join(str(node["target"]) for node in fault["nodes"][:4])
        found.append(f"{fault['id']}: {fault['help']} at {places}")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > look.width:
        found.append(f"scrolls sideways: {wide} px in a window of {look.width}")
    return found


def main() -> int:
    """Take every picture; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--session", default="")
    parser.add_argument("--pages", nargs="+", required=True, metavar="NAME=/PATH")
    parser.add_argument("--into", type=Path, default=Path("docs/images"))
    parser.add_argument("--full", action="store_true", help="the whole length of the page")
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    faults = 0
    with chromium() as browser:
        for name, _, path in (page.partition("=") for page in asked.pages):
            for look in LOOKS:
                said: list[str] = []
                page = open_page(browser, asked.address, path, session=asked.session, look=look, said=said)
                page.screenshot(path=asked.into / f"{name}-{look.name}.png", full_page=asked.full)
                complaints = [*complaints_about(page, look=look), *said]
                faults += len(complaints)
                print(f"{name} {look.name}: {len(complaints)} faults")
                for complaint in complaints:
                    print(f"  {complaint}")
                page.context.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
