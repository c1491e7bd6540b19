"""The pages of an outage in Chromium: no fault for axe, no sideways scrolling, no broken policy; wide, small, dark."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.screenshots import LOOKS, complaints_about, open_page
from stormproof.core.clock import now
from stormproof.recover.models import Run
from stormproof.respond.models import Incident
from tests.browser import installation
from tests.browser.conftest import Console

pytestmark = [pytest.mark.parts, pytest.mark.django_db(transaction=True)]
DESKTOP = LOOKS[0]


def open_desktop(chromium: Browser, console: Console, path: str) -> Page:
    return open_page(chromium, console.address, path, session=console.session, look=DESKTOP)


def test_the_pages_of_an_outage_have_no_fault(chromium: Browser, console: Console) -> None:
    installation.break_database(now() - timedelta(minutes=1))
    number = Incident.objects.get().number
    pages = [
        "/",
        "/business/graph/",
        f"/incidents/{number}/",
        f"/runs/{Run.objects.latest('pk').pk}/",
        "/status/",
        "/customers/",
        "/monitors/home-page/",
    ]
    faults = []
    for path in pages:
        for look in LOOKS:
            said: list[str] = []
            page = open_page(chromium, console.address, path, session=console.session, look=look, said=said)
            faults += [f"{path} {look.name}: {fault}" for fault in [*complaints_about(page, look=look), *said]]
            page.context.close()
    assert faults == []


def test_the_overview_says_what_is_broken_without_being_asked_again(chromium: Browser, console: Console) -> None:
    page = open_desktop(chromium, console, "/")
    expect(page.locator(".sp-sentence")).to_have_text("All 8 functions are up, and nothing is open.")
    page.wait_for_timeout(500)  # the stream opens after the page is drawn
    installation.break_database(now())
    expect(page.locator(".alert-danger .alert-title")).to_contain_text("INC-", timeout=10_000)
    expect(page.locator(".sp-sentence")).to_contain_text("because of Order database")
    page.goto(console.address + "/settings/")
    expect(page.locator(".sp-strip")).to_contain_text("INC-")
    page.context.close()


def test_ctrl_k_goes_anywhere_and_keys_move_in_a_list(chromium: Browser, console: Console) -> None:
    page = open_desktop(chromium, console, "/monitors/")
    page.keyboard.press("Control+k")
    expect(page.locator("[data-palette]")).to_be_visible()
    page.keyboard.type("customers")
    expect(page.locator("[role=option]").first).to_contain_text("Customers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/")
    page.goto(console.address + "/monitors/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-row].sp-current")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/monitors/*/")
    page.keyboard.press("?")
    expect(page.locator("[data-keys-dialog]")).to_be_visible()
    page.context.close()


def test_the_theme_stays_as_it_was_chosen(chromium: Browser, console: Console) -> None:
    page = open_desktop(chromium, console, "/")
    page.click("#person-wide")
    page.click("[data-theme-choice=dark] >> visible=true")
    page.goto(console.address + "/settings/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.context.close()


def test_a_status_page_that_grew_old_says_that_it_does_not_know(chromium: Browser, console: Console) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(console.address + "/status/")
    expect(page.locator("[data-truth]")).to_contain_text("Everything works.")
    context.set_offline(True)
    page.clock.fast_forward("10:00")
    expect(page.locator("[data-truth]")).to_contain_text("We cannot tell how things are now.")
    expect(page.locator("[data-component]").first).to_have_text("Unknown")
    context.close()


def test_a_lost_stream_is_shown_and_mended_by_itself(chromium: Browser, console: Console) -> None:
    page = open_desktop(chromium, console, "/")
    expect(page.locator("[data-stream-banner]")).to_be_hidden()
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(page.locator("[data-stream-banner]")).to_be_visible(timeout=10_000)
    page.context.set_offline(False)
    expect(page.locator("[data-stream-banner]")).to_be_hidden(timeout=20_000)
    page.context.close()
