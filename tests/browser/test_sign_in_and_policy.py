"""In Chromium: the first administrator with a real passkey, and that no page breaks its content security policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.screenshots import LOOKS, complaints_about, open_page
from stormproof.core.clock import now
from stormproof.core.models import FactRecord
from stormproof.people import services
from stormproof.people.selectors import actor_for
from tests.api.world import make_world, pages
from tests.people.make import PASSWORD, person, signed_in, token_of
from tests.people.test_links import setup_token

pytestmark = [pytest.mark.parts, pytest.mark.usefixtures("browser"), pytest.mark.django_db(transaction=True)]

WATCH = """
window.__broken = [];
document.addEventListener("securitypolicyviolation", (event) => window.__broken.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""
LEFT_OUT = (
    "/accounts/logout/",
    "/ping/",
    "/schema/",
    "/business/document/export/",
    "/accounts/mfa/recovery-codes/download/",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps a loop in this thread
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    cache.clear()
    context = browser.new_context(service_workers="block")
    context.add_init_script(WATCH)
    context.set_default_timeout(30_000)
    yield context
    context.close()


def broken_rules(page: Page) -> list[str]:
    return list(page.evaluate("window.__broken"))


def come_in(window: BrowserContext, live_server: Any, *roles: str) -> None:
    cookie = signed_in(person(*roles)).cookies[django_settings.SESSION_COOKIE_NAME]
    window.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def is_shown(client: Client, path: str) -> bool:
    """Whether this is a whole page: not an act, a fragment, a download or a thing that is not there."""
    if path.startswith(LEFT_OUT):
        return False
    answer = client.get(path)
    return answer.status_code == 200 and b"<!doctype html>" in answer.content[:200]


def test_the_first_administrator_signs_in_with_a_passkey(window, live_server, settings):
    settings.MFA_REQUIRED_ROLES = ("admin",)
    page = window.new_page()
    device = window.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{live_server.url}/set-up/{setup_token(at=now())}/")
    page.get_by_label("E-mail").fill("ada@shop.example")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The password again").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/accounts/mfa/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/recovery-codes/")
    assert len(page.get_by_label("Your codes").input_value().split()) == 10
    assert broken_rules(page) == []
    page.goto(f"{live_server.url}/settings/people/")
    assert page.get_by_role("heading", level=1).inner_text() == "People and roles"

    window.clear_cookies()
    page.goto(f"{live_server.url}/settings/people/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{live_server.url}/settings/people/")
    assert broken_rules(page) == []
    assert [key.type for key in Authenticator.objects.order_by("type")] == ["recovery_codes", "webauthn"]
    told = FactRecord.objects.filter(name="SignedIn").order_by("pk").values_list("payload__methods", flat=True)
    assert list(told) == [["password"], ["webauthn"]]


def test_a_passkey_that_does_not_work_says_why(window, live_server):
    page = window.new_page()
    page.goto(f"{live_server.url.replace('localhost', '127.0.0.1')}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    assert "not on a bare IP address" in page.get_by_role("alert").inner_text()


def test_no_page_breaks_its_content_security_policy(window, live_server):
    make_world()
    come_in(window, live_server, "admin")
    page, wrong, looker = window.new_page(), [], signed_in(person("admin"))
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    shown = [address.path for address in pages() if is_shown(looker, address.path)]
    for path in shown:
        console.clear()
        page.goto(live_server.url + path, wait_until="load")
        page.wait_for_timeout(50)
        said = [text for text in console if "ERR_CONNECTION_REFUSED" not in text and ":8001" not in text]
        if found := [*broken_rules(page), *said]:
            wrong.append((path, found))
    assert wrong == []
    assert len(shown) > 40


def test_the_page_of_the_api_works_under_the_policy(window, live_server):
    come_in(window, live_server, "admin")
    page = window.new_page()
    page.goto(f"{live_server.url}/api/v1/docs")
    page.get_by_text("Invite a person").wait_for()
    page.get_by_text("Invite a person").click()
    page.get_by_text("A mail with a link to choose a password goes out.").wait_for()
    assert broken_rules(page) == []


def test_the_pages_of_people_have_no_fault_for_axe(browser, live_server):
    cache.clear()
    admin = person("admin", email="ada@shop.example")
    services.put_team("platform", name="Platform", members=[admin], actor=actor_for(admin), at=now())
    token_of(admin, "watch.read")
    session = signed_in(admin).cookies[django_settings.SESSION_COOKIE_NAME].value
    open_ones = ["/accounts/login/", "/accounts/password/reset/"]
    own = ["/settings/profile/", "/settings/people/", f"/settings/people/{admin.pk}/", "/settings/people/invite/"]
    own += [
        "/settings/teams/",
        "/settings/teams/platform/",
        "/settings/tokens/",
        "/accounts/mfa/",
        "/accounts/sessions/",
    ]
    faults = []
    for path in [*open_ones, *own]:
        for look in LOOKS:
            page = open_page(browser, live_server.url, path, session="" if path in open_ones else session, look=look)
            faults += [f"{path} {look.name}: {fault}" for fault in complaints_about(page, look=look)]
            page.context.close()
    assert "\n".join(faults) == ""
