"""The visit itself: a few dozen requests at most, one after another, as robots.txt allows, through the guard."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from stormproof.engine.probe.certificate import expires_at, say_tls_error
from stormproof.engine.probe.guard import AddressRefused, Guard, NameNotFound
from stormproof.engine.probe.guarded_http import guarded_client
from stormproof.engine.probe.visit import roles
from stormproof.engine.probe.visit.findings import Findings, FoundCertificate, FoundPage, Role
from stormproof.engine.probe.visit.page import Link, Page, address_of, read_page
from stormproof.engine.probe.visit.vendors import suppliers_in

AGENT = "Stormproof-Visit/1 (looks at a shop for its owner)"
MOST_REQUESTS = 40
MOST_BYTES = 3_000_000
TIMEOUT_S = 8.0
BETWEEN_S = 0.25  # between two requests; none on this machine itself
MOST_PRODUCTS, MOST_CATEGORIES = 8, 4


class CannotVisit(Exception):
    """The shop cannot be looked at; the message says why and what to do."""


@dataclass
class Answer:
    """One answer that was read."""

    url: str
    status: int
    page: Page
    headers: dict[str, str]
    text: str


Say = Callable[[str], None]


def visit_shop(
    address: str,
    *,
    guard: Guard,
    at: datetime,
    obey_robots: bool = True,
    seconds: float = 60,
    say: Say = lambda _: None,
) -> Findings:
    """What a visitor of `address` finds, within `seconds`; raises `CannotVisit` when the home page does not open.

    A product is put into the basket of this one visit when the shop lets a form do it; nothing is ordered. `say` is
    told what is being looked at.
    """
    url = whole_address(address)
    try:
        with guarded_client(guard, timeout_s=TIMEOUT_S) as client:
            client.max_redirects = 6
            client.headers["User-Agent"] = AGENT
            visit = _Visit(client, guard=guard, obey_robots=obey_robots, seconds=seconds, say=say)
            return visit.findings(url, at=at)
    except (AddressRefused, NameNotFound) as error:
        raise CannotVisit(str(error)) from error


def whole_address(address: str) -> str:
    """`shop.example` as `https://shop.example/`; raises `CannotVisit` for what is no web address."""
    text = address.strip()
    url = address_of(text if re.match(r"^[a-z][a-z0-9+.-]*://", text, re.IGNORECASE) else f"https://{text}", "")
    parts = urlsplit(url)
    if not url or parts.username or parts.password or " " in text:
        raise CannotVisit(f"{address!r} is not a web address: write it as https://shop.example")
    return url


class _Visit:
    """One visit and what it has seen so far."""

    def __init__(self, client: httpx.Client, *, guard: Guard, obey_robots: bool, seconds: float, say: Say) -> None:
        self.client, self.guard, self.say = client, guard, say
        self.obey_robots, self.until = obey_robots, time.monotonic() + seconds
        self.robots = RobotFileParser()
        self.robots.parse([])
        self.sitemaps: list[str] = []
        self.requests = 0
        self.wait = 0.0
        self.notes: list[str] = []
        self.origin = ""
        self.seen: dict[Role, Answer] = {}
        self.found: dict[Role, FoundPage] = {}

    # --- opening --------------------------------------------------------------------------------------------------

    def open(self, url: str, *, data: dict[str, str] | None = None, referer: str = "") -> Answer | None:
        """Open a page (or send a form), None when it cannot be opened; nothing is raised once the home page is open."""
        if self.requests >= MOST_REQUESTS or time.monotonic() > self.until:
            return None
        time.sleep(self.wait if self.requests else 0)
        self.requests += 1
        self.say(url)
        headers = {"Referer": referer} if referer else {}
        method = "POST" if data is not None else "GET"
        try:
            with self.client.stream(method, url, data=data, headers=headers, follow_redirects=True) as answer:
                content = b""
                for chunk in answer.iter_bytes(65536):
                    content += chunk
                    if len(content) > MOST_BYTES or time.monotonic() > self.until:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            self.notes.append(f"{url} did not open: {str(error) or type(error).__name__}")
            return None
        kind = answer.headers.get("content-type", "")
        text = content.decode(answer.encoding or "utf-8", errors="replace") if "text" in kind or "xml" in kind else ""
        page = read_page(
            text if "html" in kind else "",
            url=str(answer.url),
            policy=answer.headers.get("content-security-policy", ""),
        )
        return Answer(
            str(answer.url), answer.status_code, page, {k.lower(): v for k, v in answer.headers.items()}, text
        )

    def may_open(self, url: str) -> bool:
        """Whether robots.txt lets a visitor like this one open the address."""
        return not self.obey_robots or self.robots.can_fetch(AGENT, url)

    def is_own(self, url: str) -> bool:
        """Whether the address is of the shop itself."""
        return _bare(urlsplit(url).netloc) == _bare(urlsplit(self.origin).netloc)

    def own_links(self, page: Page) -> list[Link]:
        """The links of a page that stay in the shop."""
        return [link for link in page.links if self.is_own(link.url)]

    # --- finding --------------------------------------------------------------------------------------------------

    def findings(self, url: str, *, at: datetime) -> Findings:
        """Look at everything, the home page first."""
        self.wait = 0.0 if (urlsplit(url).hostname or "") in ("127.0.0.1", "::1", "localhost") else BETWEEN_S
        self.origin = url
        home = self._home(url)
        self._find_product(home)
        self._find_search(home)
        self._find_basket()
        self._fill_basket()
        self._find_checkout()
        parts = urlsplit(self.origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses, aliases = self._names(parts.hostname or "")
        own = {answer_host for answer in self.seen.values() if (answer_host := urlsplit(answer.url).netloc)}
        suppliers, others = suppliers_in(
            {role: answer.page for role, answer in self.seen.items()},
            headers=home.headers,
            aliases=aliases,
            own_hosts=own | {parts.netloc},
        )
        return Findings(
            address=self.origin,
            host=parts.hostname or "",
            port=port,
            name=_shop_name(
                home.page, [one.page for role, one in self.seen.items() if role != "home"], parts.hostname or ""
            ),
            currency=next((answer.page.currency for answer in self.seen.values() if answer.page.currency), ""),
            platform=home.page.generator,
            pages=self.found,
            suppliers=tuple(suppliers),
            certificate=self._certificate(parts.hostname or "", port) if parts.scheme == "https" else None,
            addresses=addresses,
            aliases=aliases,
            other_hosts=tuple(others),
            notes=tuple(dict.fromkeys(self.notes)),
            requests=self.requests,
        )

    def _home(self, url: str) -> Answer:
        robots = self.open(urljoin(url, "/robots.txt"))
        if robots and robots.status == 200:
            self.robots.parse(robots.text.splitlines())
            self.sitemaps = self.robots.site_maps() or []
        if not self.may_open(url):
            raise CannotVisit(
                f"robots.txt of {urlsplit(url).netloc} asks not to be looked at;"
                " if it is your shop, say that robots.txt may be ignored"
            )
        self.notes.clear()
        home = self.open(url)
        if home is None:
            raise CannotVisit(self.notes[-1] if self.notes else f"{url} did not open in time")
        if home.status >= 400:
            raise CannotVisit(f"{home.url} answers {home.status}: open it in a browser and give the address that works")
        self.origin = home.url
        self._note("home", home, "the address itself")
        return home

    def _note(self, role: Role, answer: Answer, how: str, *, url: str = "") -> None:
        self.seen[role] = answer
        self.found[role] = FoundPage(
            role=role, url=url or answer.url, how=how, title=answer.page.title, status=answer.status
        )

    def _find_product(self, home: Answer) -> None:
        tried: set[str] = set()
        for links in self._places_of_products(home):
            own = [link for link in links if self.is_own(link.url)]
            for url in roles.product_candidates(own)[:MOST_PRODUCTS]:
                if url in tried or not self.may_open(url) or len(tried) >= 2 * MOST_PRODUCTS:
                    continue
                tried.add(url)
                answer = self.open(url)
                if answer and answer.status < 400 and (sign := roles.product_sign(answer.page)):
                    self._note("product", answer, sign)
                    return
        self.notes.append("no product page was recognised: add one by hand")

    def _places_of_products(self, home: Answer) -> Iterable[list[Link]]:
        """The home page, then the sitemap, then some pages that may list products."""
        yield list(home.page.links)
        yield [Link(url, "") for url in self._sitemap()]
        for url in roles.category_candidates(self.own_links(home.page))[:MOST_CATEGORIES]:
            if self.may_open(url) and (answer := self.open(url)) and answer.status < 400:
                yield list(answer.page.links)

    def _sitemap(self) -> list[str]:
        """Addresses of the sitemap; of an index, those of its likeliest part."""
        for url in [*self.sitemaps, urljoin(self.origin, "/sitemap.xml")][:2]:
            answer = self.open(url) if self.is_own(url) else None
            places = _places(answer)
            parts = [place for place in places if ".xml" in place]
            if parts:
                likely = [part for part in parts if "prod" in part.lower()] or parts
                places = _places(self.open(likely[0]) if self.is_own(likely[0]) else None)
            if places:
                return places[:2000]
        return []

    def _find_search(self, home: Answer) -> None:
        for answer in self.seen.values():
            if found := roles.search_form(answer.page):
                form, field = found
                product = self.seen.get("product")
                word = _search_word(product.page if product else home.page)
                url = f"{form.action.partition('?')[0]}?{urlencode({**form.fields, field: word})}"
                if not self.may_open(url):
                    self.found["search"] = FoundPage(role="search", url=url, how="the search form", opened=False)
                elif (result := self.open(url)) and result.status < 400:
                    self._note("search", result, f"the search form, asked for {word!r}", url=url)
                return

    def _find_basket(self) -> None:
        pages = [answer.page for answer in self.seen.values()]
        own = [url for url in roles.basket_candidates(pages) if self.is_own(url)]
        self._find("basket", [(url, "a link in the pages") for url in own[:3]])

    def _find(self, role: Role, candidates: list[tuple[str, str]]) -> None:
        """Note the first candidate that opens; the customary addresses are tried last."""
        guesses = [(urljoin(self.origin, f"/{path}"), "the customary address") for path in roles.GUESSES[role]]
        for url, how in [*candidates, *guesses]:
            if not self.may_open(url):
                self.found[role] = FoundPage(
                    role=role, url=url, how=f"{how}; robots.txt asks not to open it", opened=False
                )
                return
            answer = self.open(url)
            if answer and answer.status < 400 and self.is_own(answer.url):
                moved = answer.url.partition("?")[0] != url.partition("?")[0]
                self._note(
                    role, answer, f"{how}{', leads on to ' + urlsplit(answer.url).path if moved else ''}", url=url
                )
                return
        self.notes.append(f"no {role} page was recognised: add it by hand")

    def _fill_basket(self) -> None:
        """Put the product into this visit's basket, as pressing its button would, and open the basket again."""
        product, basket = self.seen.get("product"), self.found.get("basket")
        form = roles.add_form(product.page) if product else None
        if product is None or basket is None or form is None or not basket.opened:
            return
        if self.is_own(form.action) and self.may_open(form.action):
            self.open(form.action, data=dict(form.fields), referer=product.url)
            if (again := self.open(basket.url)) and again.status < 400:
                self._note("basket", again, basket.how, url=basket.url)

    def _find_checkout(self) -> None:
        pages = [self.seen[role].page for role in ("basket", "product", "home") if role in self.seen]
        own = [url for url in roles.checkout_candidates(pages) if self.is_own(url)]
        self._find("checkout", [(url, "a link in the pages") for url in own[:3]])

    # --- names and certificate ------------------------------------------------------------------------------------

    def _names(self, host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The addresses of the shop's name, and the names it leads to."""
        with suppress(OSError, UnicodeError):
            name, aliases, addresses = socket.gethostbyname_ex(host)
            return tuple(addresses), tuple(dict.fromkeys(one for one in (*aliases, name) if one != host))
        return (), ()

    def _certificate(self, host: str, port: int) -> FoundCertificate:
        context = ssl.create_default_context()
        try:
            with (
                self.guard.connect_now(host, port, TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname=host) as secure,
            ):
                certificate: dict[str, Any] = secure.getpeercert() or {}
        except ssl.SSLError as error:
            return FoundCertificate(host=host, port=port, fault=say_tls_error(error, where=host))
        except (OSError, AddressRefused, NameNotFound) as error:
            return FoundCertificate(host=host, port=port, fault=str(error))
        issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
        return FoundCertificate(
            host=host,
            port=port,
            issuer=str(issuer.get("organizationName") or issuer.get("commonName") or ""),
            ends_at=expires_at(certificate),
        )


def _bare(netloc: str) -> str:
    return netloc.lower().removeprefix("www.")


def _places(answer: Answer | None) -> list[str]:
    if answer is None or answer.status != 200:
        return []
    return [place.replace("&amp;", "&") for place in re.findall(r"<loc>\s*([^<\s]+)\s*</loc>", answer.text)]


def _shop_name(home: Page, others: Sequence[Page], host: str) -> str:
    """What the shop calls itself: its own word for it, else the part of its titles that stands on other pages too."""
    if home.site_name:
        return home.site_name
    parts = [part.strip() for part in re.split(r"\s[|\-\u2013\u2014\u00b7:]\s|: ", home.title) if part.strip()]
    core = re.sub(r"[^a-z0-9]", "", _bare(host).split(".")[0])
    for part in parts:
        if core and core in re.sub(r"[^a-z0-9]", "", part.lower()):
            return part[:120]
    common = [part for part in parts if others and all(part in other.title for other in others)]
    return ([*common, *parts[-1:], host][0])[:120]


def _search_word(page: Page) -> str:
    words = re.findall(r"[^\W\d_]{4,}", page.product_name or page.title)
    return words[0] if words else "test"
