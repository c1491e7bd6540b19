"""Which page is which: words of shops in several languages, structured data, forms. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from stormproof.engine.probe.visit.page import Form, Link, Page


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


BASKET = _set(
    "basket cart bag trolley warenkorb einkaufswagen einkaufskorb panier carrello cesta carrito "
    "winkelwagen winkelmand winkelmandje kurv indkobskurv indkøbskurv varukorg kundvagn handlekurv koszyk "
    "ostoskori kosik košík carrinho cos shoppingcart shoppingbag"
)
CHECKOUT = _set(
    "checkout kasse caisse commande commander cassa pago finalizar afrekenen kassa kassan kasa zamowienie "
    "objednavka onepage bestellabschluss onestepcheckout"
)
SEARCH = _set("search suche suchen recherche rechercher ricerca cerca buscar zoeken sok sök soeg szukaj q")
PRODUCT = _set(
    "product products produkt produkte produit produits prodotto prodotti producto productos item items "
    "catalogue dp p artikel article produkter produto tuote"
)
ADD = re.compile(
    r"add to (basket|cart|bag|trolley)|in den warenkorb|in den einkaufswagen|ajouter au panier|aggiungi al carrello|"
    r"añadir (al carrito|a la cesta)|in winkel(wagen|mand)|læg i kurv|lägg i varukorg|legg i handlekurv|do koszyka|"
    r"buy now|jetzt kaufen|add_?to_?(cart|basket)|addtocart",
    re.IGNORECASE,
)
_NOT_A_PRODUCT = _set(
    "account login register contact about help faq terms privacy impressum agb blog news wishlist compare "
    "returns shipping category categories collection collections kategorie marke brand brands tag page "
    "password konto"
)
GUESSES = {
    "basket": ("basket/", "cart", "cart/", "warenkorb", "panier", "checkout/cart/"),
    "checkout": ("checkout/", "checkout", "kasse", "commande"),
}


def tokens_of(url: str) -> list[str]:
    """The words of an address's path, small letters."""
    return [word for word in re.split(r"[/_\-.+]+", unquote(urlsplit(url).path).lower()) if word]


def words_of(text: str) -> set[str]:
    """The words of a text, small letters."""
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def candidates(links: Iterable[Link], wanted: frozenset[str], *, unwanted: frozenset[str] = frozenset()) -> list[str]:
    """The links whose address or words have one of `wanted`, addresses before words, the shortest first."""
    ranked: dict[str, tuple[int, int]] = {}
    for link in links:
        tokens = set(tokens_of(link.url))
        if tokens & unwanted:
            continue
        if tokens & wanted:
            rank = 0 if tokens_of(link.url)[-1] in wanted else 1
        elif len(link.words) <= 40 and words_of(link.words) & wanted:
            rank = 2
        else:
            continue
        ranked[link.url] = min(ranked.get(link.url, (9, 0)), (rank, len(link.url)))
    return sorted(ranked, key=lambda url: ranked[url])


def basket_candidates(pages: Iterable[Page]) -> list[str]:
    """Addresses that look like the basket, the likeliest first; adding to it and the checkout are left out."""
    links = [link for page in pages for link in page.links]
    return candidates(links, BASKET, unwanted=frozenset({"add", "checkout"}))


def checkout_candidates(pages: Iterable[Page]) -> list[str]:
    """Addresses that look like the checkout, the likeliest first."""
    links = [link for page in pages for link in page.links]
    forms = [Link(form.action, form.words) for page in pages for form in page.forms if form.action]
    return candidates([*links, *forms], CHECKOUT, unwanted=frozenset({"add", "cart"}))


def product_candidates(links: Iterable[Link]) -> list[str]:
    """Addresses that look like one product, the likeliest first."""
    ranked: dict[str, tuple[int, int]] = {}
    for number, link in enumerate(links):
        tokens = tokens_of(link.url)
        if not tokens or set(tokens) & (_NOT_A_PRODUCT | BASKET | CHECKOUT):
            continue
        named = bool(set(tokens[:-1]) & PRODUCT)
        numbered = any(re.search(r"\d", word) for word in tokens)
        score = 4 * named + 2 * (numbered and len(tokens) > 2) + (len(tokens) > 3) + tokens[-1].endswith("html")
        if score:
            ranked.setdefault(link.url, (-score, number))
    return sorted(ranked, key=lambda url: ranked[url])


def category_candidates(links: Iterable[Link]) -> list[str]:
    """Other addresses of the shop that may list products, in the order of the page."""
    unwanted = (
        (_NOT_A_PRODUCT - {"category", "categories", "collection", "collections", "kategorie"}) | BASKET | CHECKOUT
    )
    found = [link.url for link in links if tokens_of(link.url) and not set(tokens_of(link.url)) & unwanted]
    return list(dict.fromkeys(found))


def product_sign(page: Page) -> str:
    """What shows that the page sells one product, or "" when nothing does."""
    if page.types & {"product", "productgroup", "og:product", "product.item"}:
        return "structured data says Product"
    if form := add_form(page):
        return f"a form adds it to the basket ({urlsplit(form.action).path})"
    return ""


def add_form(page: Page) -> Form | None:
    """The form that puts the product of the page into the basket."""
    for form in page.forms:
        tokens = set(tokens_of(form.action))
        if form.method == "post" and (ADD.search(form.words) or ("add" in tokens and tokens & BASKET)):
            return form
    return None


def search_form(page: Page) -> tuple[Form, str] | None:
    """The form that searches the shop, and the field for the words."""
    for form in page.forms:
        fields = [name for name in form.fields if name.lower() in SEARCH | {"query", "term", "s", "keyword", "text"}]
        about = set(tokens_of(form.action)) | words_of(form.words)
        if form.method == "get" and fields and (about & SEARCH or fields[0].lower() in SEARCH):
            return form, fields[0]
    return None
