"""The pages of watch in Chromium: no fault for axe, wide, small and dark, and the chart is drawn."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Browser, expect

from scripts.screenshots import LOOKS, complaints_about, open_page
from tests.browser.conftest import Console

pytestmark = [pytest.mark.parts, pytest.mark.django_db(transaction=True)]


def test_the_pages_of_watch_have_no_fault(chromium: Browser, console: Console) -> None:
    faults = []
    for path in ("/monitors/", "/monitors/home-page/", "/monitors/new/", "/monitors/new/http/"):
        for look in LOOKS:
            said: list[str] = []
            page = open_page(chromium, console.address, path, session=console.session, look=look, said=said)
            faults += [f"{path} {look.name}: {fault}" for fault in [*complaints_about(page, look=look), *said]]
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=f"{folder}/{path.strip('/').replace('/', '-')}-{look.name}.png", full_page=True)
            page.context.close()
    assert faults == []


def test_the_chart_of_a_monitor_is_drawn_from_what_was_observed(chromium: Browser, console: Console) -> None:
    page = open_page(chromium, console.address, "/monitors/home-page/?range=1h", session=console.session, look=LOOKS[0])
    expect(page.locator("#latency svg path").first).to_be_attached()
    page.context.close()
