"""Every fault is named with its line, field, value and the way out, all at once, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stormproof.business.document.checking import Finding, check_document
from stormproof.business.models import Business, Node
from stormproof.business.services.document import CannotApplyDocument
from tests.business.documents import SHOP, apply

pytestmark = pytest.mark.django_db


def only(text: str) -> Finding:
    (finding,) = check_document(text).findings
    return finding


def with_change(before: str, after: str) -> str:
    assert before in SHOP
    return SHOP.replace(before, after, 1)


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("before", "after", "field", "value", "message", "hint"),
    [
        (
            "rto: 30m,",
            "rto: 5h,",
            "functions.checkout.objectives.rto",
            "5h",
            "the RTO 5h is above the MTPD 4h",
            "raise mtpd",
        ),
        ("rto: 30m,", "rto: 30,", "functions.checkout.objectives.rto", "30", "30 is not a duration", ""),
        ("rto: 15m,", "rto: 15 minutes,", "assets.orders-db.objectives.rto", "15 minutes", "is not a duration", ""),
        ("mbco: 50%", "mbco: 50", "functions.checkout.objectives.mbco", "50", "50 is not a percentage", ""),
        ("yearly: 1.2M", "yearly: lots", "revenue.yearly", "lots", "'lots' is not an amount", ""),
        (
            "      - payment",
            "      - paymnet",
            "functions.checkout.depends_on.0",
            "paymnet",
            "there is no node 'paymnet'",
            "'payment'",
        ),
        ("site: dc-1", "site: dc-2", "assets.orders-db.site", "dc-2", "there is no site 'dc-2'", "dc-1"),
        (
            "rehearsable: true",
            "rehearsible: true",
            "assets.orders-db.rehearsible",
            "True",
            "unknown field",
            "'rehearsable'",
        ),
        ("rehearsable: true", "team: nobody", "assets.orders-db.team", "nobody", "there is no team 'nobody'", ""),
        ("    type: database", "    type: databse", "assets.orders-db.type", "databse", "should be 'database'", ""),
        (
            "at_least: 1, of: [psp-a, psp-b]",
            "at_least: 3, of: [psp-a, psp-b]",
            "functions.payment.depends_on.0",
            "",
            "only 2 nodes",
            "",
        ),
        ("time_zone: Europe/Berlin", "time_zone: Berlin", "business.time_zone", "Berlin", "is not a time zone", ""),
        ("currency: EUR", "currency: Euro", "business.currency", "Euro", "is not a currency", ""),
        ("functions:", "funktions:", "funktions", "", "there is no section 'funktions'", "'functions'"),
        ("version: 1", "version: 2", "version", "2", "the version is 2", "version: 1"),
        ("    name: Search", "    public_name: Search", "functions.search", "", "'name' is missing", "add name"),
        ("{11: 1.6,", "{13: 1.6,", "revenue.season", "", "13 is not a month", ""),
        ("  search:", "  Search!:", "functions.Search!", "", "is no name", ""),
        (
            "status_page: https",
            "status_page: ftp",
            "suppliers.psp-a.status_page",
            "ftp://status.psp-a.example",
            "web address",
            "",
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_the_way_out(
    *, before: str, after: str, field: str, value: str, message: str, hint: str
) -> None:
    text = with_change(before, after)
    finding = only(text)
    assert finding.field == field
    assert finding.line == line_of(text, {"'name' is missing": "  search:"}.get(message, after.strip().split("\n")[0]))
    assert finding.value == value
    assert message in finding.message
    assert hint in finding.hint


def test_a_circle_is_told_once_as_a_path() -> None:
    text = with_change("    type: database\n", "    type: database\n    depends_on: [checkout]\n")
    finding = only(text)
    assert finding.message.startswith("these need each other in a circle: ")
    assert set(finding.message.split(": ")[1].split(" -> ")) <= {"orders-db", "checkout", "web-a", "web-b"}
    assert finding.line > 0


def test_a_node_that_needs_itself_and_one_named_twice() -> None:
    assert "depends on itself" in only(with_change("      - payment", "      - checkout")).message
    assert (
        only(with_change("  psp-b: {", "  web-a: {name: X}\n  psp-b: {")).message
        == "'web-a' is also one of the suppliers"
    )


def test_all_faults_come_at_once_in_the_order_of_lines() -> None:
    text = SHOP.replace("rto: 30m", "rto: 30").replace("site: dc-1", "site: dc-9").replace("EUR", "Euro")
    findings = check_document(text).findings
    assert [finding.field for finding in findings] == [
        "business.currency",
        "assets.orders-db.site",
        "functions.checkout.objectives.rto",
    ]


def test_a_faulty_document_changes_nothing() -> None:
    apply(SHOP)
    text = SHOP.replace("Harbour", "Port").replace("rto: 30m", "rto: 5h")
    with pytest.raises(CannotApplyDocument, match="above the MTPD"):
        apply(text)
    assert Business.objects.get().name == "Harbour Outdoor"
    assert Node.objects.count() == 9


@pytest.mark.parametrize(
    "text", ["", "just words", "- a\n- b\n", "version: 1\nassets: [a]\n", "version: 1\nassets: 7\n"]
)
def test_what_is_no_document_is_refused_in_words(text: str) -> None:
    assert check_document(text).findings


def test_megabytes_of_junk_are_refused_before_they_are_parsed() -> None:
    assert only("x" * 10_000_000).message == "the file has more than 2,000,000 bytes"
    assert only("- [" * 600_000).line == 1


def test_passwords_are_not_repeated() -> None:
    text = with_change("https://status.psp-a.example", "ftp://ops:hunter2@psp-a.example")
    assert "hunter2" not in str(only(text)) + only(text).value


def test_the_example_of_the_guide_has_no_fault() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "model-your-shop.md").read_text()
    example = guide.partition("```yaml\n")[2].partition("```")[0]
    assert [str(finding) for finding in check_document(example).findings] == []
