"""Plan, apply, export: all of it or nothing, and exactly what the file says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from stormproof.business import selectors
from stormproof.business.choices import Door
from stormproof.business.document.planning import export_document
from stormproof.business.models import Node, Revision
from stormproof.business.services.document import CannotApplyDocument, apply_document, plan_of
from stormproof.core.actor import NotAllowed
from stormproof.core.facts import history_of
from stormproof.core.models import FactRecord
from tests.business.documents import ALICE, AT, BOB, SHOP, apply

pytestmark = pytest.mark.django_db


def pk(slug: str) -> int:
    return selectors.node_by_slug(slug).pk


def test_an_applied_document_is_the_business() -> None:
    done = apply(SHOP)
    assert (done.plan.count("add"), done.plan.count("change"), done.plan.count("remove")) == (11, 0, 0)
    assert list(selectors.functions_in_use().values_list("slug", flat=True)) == ["payment", "checkout", "search"]
    promised = selectors.objective_of(pk("checkout"))
    assert promised is not None
    assert (promised.rto_seconds, promised.rpo_seconds, promised.mtpd_seconds) == (1800, 0, 14400)
    assert promised.mbco_percent == 50
    assert selectors.currency() == "EUR"


def test_the_graph_respects_groups_and_sites() -> None:
    apply(SHOP)
    assert selectors.impact_of({pk("web-a")}).functions == []
    assert selectors.impact_of({pk("web-a"), pk("web-b")}).functions == [pk("checkout"), pk("search")]
    assert selectors.impact_of({pk("dc-1")}).functions == [pk("checkout"), pk("search")]
    assert set(selectors.single_points()) == {pk("orders-db"), pk("dc-1"), pk("payment")}
    assert selectors.tightest_rto([pk("search"), pk("checkout")]) == (1800, pk("checkout"))


def test_money_follows_the_functions_that_stop() -> None:
    apply(SHOP)
    weights = Decimal(8760 - 720 - 744) + 720 * Decimal("1.6") + 744 * Decimal("1.8")
    november = Decimal(1_200_000) / weights * Decimal("1.6") / 60
    assert abs(selectors.revenue_per_minute([pk("checkout")], at=AT) - november) < Decimal("0.0001")
    assert abs(selectors.revenue_per_minute([pk("search")], at=AT) - november / 5) < Decimal("0.0001")
    assert selectors.revenue_per_minute([], at=AT) == 0


def test_applying_again_or_applying_the_export_changes_nothing() -> None:
    apply(SHOP)
    facts = FactRecord.objects.count()
    assert apply(SHOP).revision is None
    assert apply(export_document()).revision is None
    assert FactRecord.objects.count() == facts
    assert Revision.objects.count() == 1


def test_a_change_is_planned_field_by_field_and_told() -> None:
    apply(SHOP)
    text = SHOP.replace("rto: 30m", "rto: 15m").replace("name: Search\n", "name: Finding\n")
    plan = plan_of(text)
    assert [(e.action, e.path, [(f.field, f.before, f.after) for f in e.fields]) for e in plan.entries] == [
        ("change", "functions.checkout", [("objectives.rto", "30m", "15m")]),
        ("change", "functions.search", [("name", "Search", "Finding")]),
    ]
    apply(text)
    assert history_of(f"node:{pk('checkout')}")[0].name == "ObjectivesChanged"
    assert history_of(f"node:{pk('search')}")[0].payload["changed"] == ["name"]


def test_what_the_file_no_longer_has_is_retired_and_may_come_back() -> None:
    apply(SHOP)
    before = pk("psp-b")
    without = SHOP.replace("  psp-b: {name: Provider B, service: payment}\n", "").replace(
        "      - {at_least: 1, of: [psp-a, psp-b], label: providers}\n", "      - psp-a\n"
    )
    apply(without)
    assert Node.objects.get(slug="psp-b").retired_at == AT
    assert selectors.impact_of({pk("psp-a")}).functions == [pk("payment"), pk("checkout")]
    apply(SHOP)
    assert pk("psp-b") == before


def test_a_section_the_file_leaves_out_stays_as_it_is() -> None:
    apply(SHOP)
    done = apply("version: 1\nsuppliers:\n  psp-a: {name: Provider A}\n  psp-b: {name: Provider B}\n")
    assert done.plan.sections == ["suppliers"]
    assert selectors.functions_in_use().count() == 3


def test_leaving_out_what_another_section_needs_is_refused() -> None:
    apply(SHOP)
    with pytest.raises(CannotApplyDocument) as caught:
        apply("version: 1\nsuppliers:\n  psp-a: {name: Provider A}\n")
    assert [f.message for f in caught.value.findings] == ["there is no node 'psp-b'"]


def test_a_name_may_move_to_another_section() -> None:
    apply(SHOP)
    before = pk("web-b")
    text = SHOP.replace("  web-b: {name: Web B, type: web, depends_on: [orders-db]}\n", "").replace(
        "  psp-b: {", "  web-b: {name: Web B, service: hosting}\n  psp-b: {"
    )
    apply(text)
    node = selectors.node_by_slug("web-b")
    assert (node.pk, node.kind, node.supplier.service) == (before, "supplier", "hosting")


def test_a_plan_that_is_out_of_date_is_not_carried_out() -> None:
    shown = plan_of(SHOP)
    apply(SHOP.replace("Search", "Find"))
    with pytest.raises(CannotApplyDocument, match="changed since this plan was shown"):
        apply_document(SHOP, door=Door.PAGE, expecting=shown.fingerprint, actor=ALICE, at=AT)
    assert selectors.node_by_slug("search").name == "Find"


def test_one_who_may_only_read_cannot_apply() -> None:
    with pytest.raises(NotAllowed):
        apply_document(SHOP, door=Door.PAGE, actor=BOB, at=AT)
    assert not Node.objects.exists()


def test_the_graph_takes_two_queries_whatever_its_size(django_assert_num_queries: object) -> None:
    apply(SHOP)
    with django_assert_num_queries(2):  # type: ignore[operator]
        selectors.graph_now()


def test_an_apply_waits_for_the_one_before_it() -> None:
    apply(SHOP)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone()[0] == 1
