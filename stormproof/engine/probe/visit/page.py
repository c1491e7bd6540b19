"""Reads one HTML page: links, forms, what it loads from where, and the structured data it carries. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

LOADS = (
    ("script[src]", "src"),
    ("link[href]", "href"),
    ("img[src]", "src"),
    ("iframe[src]", "src"),
    ("source[src]", "src"),
    ("object[data]", "data"),
)
LINK_LOADS = {"stylesheet", "preconnect", "dns-prefetch", "preload", "modulepreload", "prefetch"}
_URL_IN_SCRIPT = re.compile(r"""(?:https?:)?//([a-z0-9.-]+\.[a-z]{2,}(?:/[^\s"'\\<>]{0,80})?)""", re.IGNORECASE)
MOST_SCRIPT = 300_000


@dataclass(frozen=True)
class Link:
    """A link with its words."""

    url: str
    words: str


@dataclass(frozen=True)
class Form:
    """A form with the values a visitor would send by pressing its button."""

    action: str
    method: str
    fields: Mapping[str, str]
    words: str


@dataclass(frozen=True)
class Resource:
    """Something the page loads, or says it will talk to."""

    url: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""  # script, link, img, iframe, source, object, form, inline, policy


@dataclass(frozen=True)
class Page:
    """One page as read."""

    url: str
    title: str
    site_name: str
    generator: str
    currency: str
    types: frozenset[str]  # of structured data, small letters: product, offer, website ...
    product_name: str
    links: tuple[Link, ...]
    forms: tuple[Form, ...]
    resources: tuple[Resource, ...]
    pictures: tuple[str, ...]  # alternative texts and file names of pictures


def read_page(html: str | bytes, *, url: str, policy: str = "") -> Page:
    """The page at `url`; `policy` is its Content-Security-Policy header."""
    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    root = urljoin(url, (base.attributes.get("href") or "") if base else "")
    data = list(_structured(tree))
    meta = _meta(tree)
    title = tree.css_first("title")
    return Page(
        url=url,
        title=" ".join(title.text().split())[:200] if title else "",
        site_name=meta.get("og:site_name", "") or _name_of(data, {"website", "organization", "store", "onlinestore"}),
        generator=meta.get("generator", ""),
        currency=_currency(data, meta),
        types=frozenset({*_types(data), *_microdata(tree), *([meta["og:type"].lower()] if "og:type" in meta else [])}),
        product_name=_name_of(data, {"product", "productgroup"}) or meta.get("og:title", ""),
        links=tuple(_links(tree, root)),
        forms=tuple(_forms(tree, root)),
        resources=tuple(_resources(tree, root, policy)),
        pictures=tuple(_pictures(tree)),
    )


def address_of(url: str, root: str) -> str:
    """An absolute web address without its fragment, or "" for anything else."""
    try:
        parts = urlsplit(urljoin(root, url.strip()))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return ""  # reading the port raises ValueError for one that is no number
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = (node.attributes.get("property") or node.attributes.get("name") or "").lower()
        if name:
            found.setdefault(name, (node.attributes.get("content") or "").strip()[:300])
    return found


def _structured(tree: LexborHTMLParser) -> Iterable[dict[str, Any]]:
    """Every object of the page's JSON-LD, also those inside others."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            waiting: list[Any] = [json.loads(node.text())]
        except (ValueError, RecursionError):
            continue
        left = 2000
        while waiting and left:
            left -= 1
            one = waiting.pop()
            if isinstance(one, list):
                waiting += one
            elif isinstance(one, dict):
                yield one
                waiting += [value for value in one.values() if isinstance(value, dict | list)]


def _kinds(one: Mapping[str, Any]) -> set[str]:
    kinds = one.get("@type", [])
    return {str(kind).rpartition("/")[2].lower() for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _types(data: Iterable[Mapping[str, Any]]) -> set[str]:
    return {kind for one in data for kind in _kinds(one)}


def _microdata(tree: LexborHTMLParser) -> set[str]:
    return {
        (node.attributes.get("itemtype") or "").rstrip("/").rpartition("/")[2].lower()
        for node in tree.css("[itemtype]")
    }


def _name_of(data: Iterable[Mapping[str, Any]], kinds: set[str]) -> str:
    for one in data:
        if _kinds(one) & kinds and isinstance(one.get("name"), str):
            return " ".join(str(one["name"]).split())[:120]
    return ""


def _currency(data: Iterable[Mapping[str, Any]], meta: Mapping[str, str]) -> str:
    named = [str(one["priceCurrency"]) for one in data if isinstance(one.get("priceCurrency"), str)]
    named += [meta.get(name, "") for name in ("product:price:currency", "og:price:currency")]
    return next((word for word in named if re.fullmatch(r"[A-Z]{3}", word)), "")


def _links(tree: LexborHTMLParser, root: str) -> Iterable[Link]:
    for node in tree.css("a[href]"):
        url = address_of(node.attributes.get("href") or "", root)
        label = node.attributes.get("aria-label") or node.attributes.get("title") or ""
        if url:
            yield Link(url, " ".join(f"{node.text()} {label}".split())[:120])


def _forms(tree: LexborHTMLParser, root: str) -> Iterable[Form]:
    for node in tree.css("form"):
        fields: dict[str, str] = {}
        for part in node.css("input[name], select[name], textarea[name]"):
            name, kind = part.attributes.get("name") or "", (part.attributes.get("type") or "").lower()
            ticked = kind not in ("checkbox", "radio") or "checked" in part.attributes
            if ticked and kind not in ("submit", "button", "image", "file", "reset"):
                fields.setdefault(name, _value_of(part))
        buttons = " ".join(
            f"{part.text()} {part.attributes.get('value') or ''} {part.attributes.get('aria-label') or ''}"
            for part in node.css("button, input[type=submit]")
        )
        yield Form(
            action=address_of(node.attributes.get("action") or root, root),
            method=(node.attributes.get("method") or "get").lower(),
            fields=fields,
            words=" ".join(f"{buttons} {node.attributes.get('role') or ''} {node.attributes.get('id') or ''}".split())[
                :300
            ],
        )


def _value_of(part: Any) -> str:
    if part.tag != "select":
        return part.attributes.get("value") or ""
    options = part.css("option")
    chosen = [option for option in options if "selected" in option.attributes] or [
        option for option in options if option.attributes.get("value")
    ]
    return (chosen[0].attributes.get("value") or "") if chosen else ""


def _resources(tree: LexborHTMLParser, root: str, policy: str) -> Iterable[Resource]:
    yield from _loaded(tree, root)
    for form in tree.css("form[action]"):
        url = address_of(form.attributes.get("action") or "", root)
        if url:
            yield Resource(url, {}, "form")
    for script in tree.css("script:not([src])"):
        for host in _URL_IN_SCRIPT.findall(script.text()[:MOST_SCRIPT]):
            yield Resource(f"https://{host}", {}, "inline")
    for host in re.findall(r"(?:https?://)?(?:\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", policy.lower()):
        yield Resource(f"https://{host}/", {}, "policy")


def _loaded(tree: LexborHTMLParser, root: str) -> Iterable[Resource]:
    """What the elements of the page load."""
    for selector, attribute in LOADS:
        for node in tree.css(selector):
            relations = set((node.attributes.get("rel") or "").lower().split())
            url = address_of(node.attributes.get(attribute) or "", root)
            if url and (node.tag != "link" or relations & LINK_LOADS):
                attributes = {name: value or "" for name, value in node.attributes.items() if name.startswith("data-")}
                yield Resource(url, attributes, node.tag or "")


def _pictures(tree: LexborHTMLParser) -> Iterable[str]:
    for node in tree.css("img"):
        file = urlsplit(node.attributes.get("src") or "").path.rpartition("/")[2]
        yield f"{node.attributes.get('alt') or ''} {file}".strip().lower()[:200]
    for node in tree.css("svg title, use"):
        yield f"{node.text()} {node.attributes.get('href') or ''}".strip().lower()[:200]
