"""Lists: search, filters in the URL, sorting, 50 rows a page, counts and CSV, the same everywhere.

A view makes one with `read_list(...)` and gives it to the template, where
`{% listing list %}<tr>...</tr>{% endlisting %}` draws all but the rows.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

M = TypeVar("M", bound=Model)
PAGE_SIZE = 50
MOST_CSV_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its head, the ORM field it sorts by ("" for none), and how a row reads in the CSV (None: not in it)."""

    name: str
    sort: str = ""
    csv: Callable[[Any], Any] | None = None
    end: bool = False  # figures stand at the end of the cell


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A filter: a key in the URL, what it is called, its choices (value, label) and the ORM lookup they go to."""

    key: str
    name: str
    choices: Sequence[tuple[str, str]]
    lookup: str = ""

    def applied_to(self, rows: QuerySet[M], value: str) -> QuerySet[M]:
        """`rows` without those the filter leaves out; a value that is no choice leaves nothing out."""
        if value not in {choice for choice, _ in self.choices}:
            return rows
        return rows.filter(**{self.lookup or self.key: value})


@dataclass
class Listing(Generic[M]):
    """What the reader asked for, and the rows of the page that answer it."""

    columns: Sequence[Column]
    filters: Sequence[Filter]
    page: Page[M]
    query: QueryDict
    words: str
    sorted_by: str
    total: int
    noun: str
    searchable: bool
    csv_name: str
    _matching: QuerySet[M] = field(repr=False)

    @property
    def rows(self) -> list[M]:
        """The rows of this page."""
        return list(self.page.object_list)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter leaves something out."""
        return bool(self.words) or any(self.query.get(filter_.key) for filter_ in self.filters)

    def url_with(self, **changes: str) -> str:
        """The address of this list with `changes`; a new order or filter starts at the first page."""
        query = self.query.copy()
        for key in ("page", "format"):
            query.pop(key, None)
        for key, value in changes.items():
            query[key] = value
        return f"?{query.urlencode()}"

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The column heads: name, the address that sorts by it, and the direction it is sorted in now."""
        heads = []
        for column in self.columns:
            direction = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(self.sorted_by, "")
            target = f"-{column.sort}" if direction == "ascending" else column.sort
            url = self.url_with(sort=target) if column.sort else ""
            heads.append(
                {"name": column.name, "url": url, "direction": direction if column.sort else "", "end": column.end}
            )
        return heads

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The filters as form fields, with the choice that is taken."""
        return [{"filter": filter_, "value": self.query.get(filter_.key, "")} for filter_ in self.filters]

    @property
    def previous_url(self) -> str:
        """The address of the page before this one, or ""."""
        return self.url_with(page=str(self.page.previous_page_number())) if self.page.has_previous() else ""

    @property
    def next_url(self) -> str:
        """The address of the page after this one, or ""."""
        return self.url_with(page=str(self.page.next_page_number())) if self.page.has_next() else ""

    @property
    def csv_url(self) -> str:
        """The address of these rows as CSV, or "" when the list has none."""
        return self.url_with(format="csv") if self.csv_name else ""

    @property
    def wants_csv(self) -> bool:
        """Whether the reader asked for CSV."""
        return bool(self.csv_name) and self.query.get("format") == "csv"

    def as_csv(self) -> HttpResponse:
        """Every matching row as CSV; a cell that a spreadsheet would run as a formula is quoted with an apostrophe."""
        columns = [(column.name, column.csv) for column in self.columns if column.csv]
        rows = ([read(row) for _, read in columns] for row in self._matching[:MOST_CSV_ROWS])
        return csv_answer(self.csv_name, [name for name, _ in columns], rows)


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Rows as a CSV file; a cell that a spreadsheet would run as a formula is quoted with an apostrophe."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(answer)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return answer


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_list(
    request: HttpRequest,
    rows: QuerySet[M],
    *,
    noun: str,
    columns: Sequence[Column],
    filters: Sequence[Filter] = (),
    search: Sequence[str] = (),
    order: str = "pk",
    csv_name: str = "",
    lookups: Mapping[str, Any] | None = None,
) -> Listing[M]:
    """The list that `request` asks for of `rows` (already only those the actor may see).

    `noun` is the plural (`monitors`), `search` the ORM lookups that the words of `?q=` must match (`name__icontains`),
    `order` the order when none is asked for.
    """
    matching = rows.filter(**lookups) if lookups else rows
    words = request.GET.get("q", "").strip()[:200]
    for word in words.split():
        matching = matching.filter(_any_of(search, word)) if search else matching
    for filter_ in filters:
        matching = filter_.applied_to(matching, request.GET.get(filter_.key, ""))
    sorted_by = request.GET.get("sort", "")
    if sorted_by.removeprefix("-") not in {column.sort for column in columns if column.sort}:
        sorted_by = order
    matching = matching.order_by(sorted_by, "pk")
    page = Paginator(matching, PAGE_SIZE).get_page(request.GET.get("page"))
    return Listing(
        columns=columns, filters=filters, page=page, query=request.GET, words=words, sorted_by=sorted_by,
        total=page.paginator.count, noun=noun, searchable=bool(search), csv_name=csv_name, _matching=matching,
    )  # fmt: skip


def _any_of(lookups: Sequence[str], word: str) -> Q:
    condition = Q()
    for lookup in lookups:
        condition |= Q(**{lookup: word})
    return condition
