"""The graph against brute force: slow definitions, written down literally."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormproof.engine.graph import (
    Graph,
    GraphError,
    find_cycle,
    functions_stopped_by,
    layers,
    recovery_critical_path,
    root_causes,
    single_points_of_failure,
    spare_after,
    stopped_by,
    topological_order,
)

DB, STANDBY, WEB_A, WEB_B, WEB, PAYMENT, CHECKOUT, SEARCH = range(8)
SHOP = Graph(
    range(8),
    {
        DB: [],
        WEB_A: [(1, [DB])],
        WEB_B: [(1, [DB])],
        WEB: [(1, [WEB_A, WEB_B])],
        CHECKOUT: [(1, [WEB]), (1, [PAYMENT])],
        SEARCH: [(1, [WEB])],
    },
)


@st.composite
def graphs(draw: st.DrawFn, *, cyclic: bool = False) -> Graph:
    size = draw(st.integers(1, 7))
    needs = {}
    for node in range(size):
        choices = [other for other in range(size if cyclic else node) if other != node]
        needs[node] = []
        for _ in range(draw(st.integers(0, 2)) if choices else 0):
            members = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4, unique=True))
            needs[node].append((draw(st.integers(1, len(members))), members))
    return Graph(range(size), needs)


def naive_stopped(graph: Graph, down: set[int]) -> set[int]:
    """Apply the definition until nothing changes."""
    stopped = set(down)
    while True:
        more = {
            node
            for node in graph.nodes
            if any(sum(member not in stopped for member in members) < k for k, members in graph.needs[node])
        }
        if more <= stopped:
            return stopped
        stopped |= more


@given(graphs(cyclic=True), st.sets(st.integers(0, 6)))
def test_what_stops_is_the_least_fix_point(graph: Graph, down: set[int]) -> None:
    down &= set(graph.nodes)
    assert stopped_by(graph, down) == naive_stopped(graph, down)


@given(graphs(cyclic=True), st.sets(st.integers(0, 6)))
def test_stopping_is_monotone_and_idempotent(graph: Graph, down: set[int]) -> None:
    down &= set(graph.nodes)
    stopped = stopped_by(graph, down)
    assert down <= stopped == stopped_by(graph, stopped)
    assert all(stopped_by(graph, down - {one}) <= stopped for one in down)


@given(graphs())
def test_single_points_of_failure_are_those_that_alone_stop_a_function(graph: Graph) -> None:
    functions = set(graph.nodes[-2:])
    expected = {n: (naive_stopped(graph, {n}) & functions) - {n} for n in graph.nodes}
    assert single_points_of_failure(graph, functions) == {n: hit for n, hit in expected.items() if hit}


@given(graphs(cyclic=True), st.sets(st.integers(0, 6)))
def test_every_node_that_is_down_is_a_root_cause_or_reaches_one(graph: Graph, down: set[int]) -> None:
    down &= set(graph.nodes)
    roots = set(root_causes(graph, down))
    assert roots <= down
    assert bool(roots) == bool(down)

    def reaches(node: int, seen: set[int]) -> bool:
        if node in roots:
            return True
        return any(reaches(m, seen | {m}) for m in graph.members_of(node) if m not in seen)

    assert all(reaches(node, {node}) for node in down)


@given(graphs(), st.sets(st.integers(0, 6)))
def test_without_cycles_no_root_cause_needs_a_stopped_node(graph: Graph, down: set[int]) -> None:
    down &= set(graph.nodes)
    stopped = naive_stopped(graph, down)
    assert set(root_causes(graph, down)) == {n for n in down if not set(graph.members_of(n)) & stopped}


@given(graphs(), st.sets(st.integers(0, 6)), st.lists(st.integers(0, 9), min_size=7, max_size=7))
def test_recovery_times_match_a_minute_by_minute_simulation(graph: Graph, down: set[int], lengths: list[int]) -> None:
    down &= set(graph.nodes)
    stopped = stopped_by(graph, down)
    recovery = recovery_critical_path(graph, down, dict(enumerate(lengths)))
    begun: dict[int, int] = {}
    back: dict[int, int] = {node: 0 for node in graph.nodes if node not in stopped}
    for minute in range(80):
        for _ in graph.nodes:  # zero-length recoveries finish in the minute in which they begin
            for node in stopped - set(back):
                ready = all(
                    sum(member in back and back[member] <= minute for member in members) >= k
                    for k, members in graph.needs[node]
                )
                if ready:
                    begun.setdefault(node, minute)
                if node in begun and begun[node] + lengths[node] <= minute:
                    back[node] = minute
    assert recovery.back_after == {node: back[node] for node in stopped}
    assert recovery.minutes == max((back[node] for node in stopped), default=0)
    assert recovery.minutes == sum(lengths[node] for node in recovery.path)


@given(graphs(cyclic=True))
def test_a_cycle_is_found_exactly_when_there_is_no_order(graph: Graph) -> None:
    cycle = find_cycle(graph)
    if cycle is None:
        order = topological_order(graph)
        assert sorted(order) == sorted(graph.nodes)
        assert all(order.index(m) < order.index(n) for n in order for m in graph.members_of(n))
    else:
        assert cycle[0] == cycle[-1]
        assert all(b in graph.members_of(a) for a, b in pairwise(cycle))
        assert len(set(cycle)) == len(cycle) - 1
        with pytest.raises(GraphError, match="circle"):
            topological_order(graph)


@given(graphs())
def test_a_layer_is_one_above_the_deepest_need(graph: Graph) -> None:
    depth = {node: number for number, layer in enumerate(layers(graph)) for node in layer}
    assert all(depth[node] == 1 + max((depth[m] for m in graph.members_of(node)), default=-1) for node in graph.nodes)


@settings(max_examples=50)
@given(graphs(), st.sets(st.integers(0, 6)))
def test_spare_says_how_many_more_members_may_go(graph: Graph, down: set[int]) -> None:
    down &= set(graph.nodes)
    for one in spare_after(graph, down):
        for lost in range(len(one.working) + 1):
            for gone in combinations(one.working, lost):
                met = len(set(one.working) - set(gone)) >= one.at_least
                assert met == (lost <= one.spare)


def test_one_of_two_web_servers_stops_nothing_and_leaves_no_spare() -> None:
    assert stopped_by(SHOP, [WEB_A]) == {WEB_A}
    (pool,) = spare_after(SHOP, [WEB_A])
    assert (pool.node, pool.working, pool.spare) == (WEB, (WEB_B,), 0)


def test_the_database_is_the_root_cause_of_all_that_hangs_on_it() -> None:
    assert root_causes(SHOP, [CHECKOUT, WEB_A, WEB_B, DB, SEARCH]) == [DB]
    assert functions_stopped_by(SHOP, [DB], [CHECKOUT, SEARCH]) == {CHECKOUT, SEARCH}


def test_blame_passes_through_a_node_nobody_watches() -> None:
    assert root_causes(SHOP, [CHECKOUT, DB]) == [DB]


def test_two_causes_are_ranked_by_what_they_stop() -> None:
    assert root_causes(SHOP, [PAYMENT, DB, CHECKOUT]) == [DB, PAYMENT]


def test_a_dead_member_explains_the_pool_that_did_not_fail_over() -> None:
    assert root_causes(SHOP, [WEB, WEB_A]) == [WEB_A]


def test_single_points_come_with_their_functions_the_widest_first() -> None:
    assert single_points_of_failure(SHOP, [CHECKOUT, SEARCH]) == {
        DB: {CHECKOUT, SEARCH},
        WEB: {CHECKOUT, SEARCH},
        PAYMENT: {CHECKOUT},
    }


def test_recovery_adds_up_along_the_chain_and_not_across_it() -> None:
    recovery = recovery_critical_path(SHOP, [DB], {DB: 10, WEB_A: 5, WEB_B: 2, CHECKOUT: 1}, until=[CHECKOUT])
    assert (recovery.minutes, recovery.path) == (13, (DB, WEB_B, WEB, CHECKOUT))


def test_one_crew_takes_the_nodes_in_the_order_given() -> None:
    recovery = recovery_critical_path(SHOP, [DB, PAYMENT], {DB: 10, PAYMENT: 4}, order=[PAYMENT, DB], until=[SEARCH])
    assert (recovery.minutes, recovery.path[:2]) == (14, (PAYMENT, DB))


def test_an_order_against_the_needs_is_refused() -> None:
    with pytest.raises(GraphError, match="order contradicts"):
        recovery_critical_path(SHOP, [DB], {DB: 1}, order=[WEB_A, DB])


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({0: [(1, [9])]}, "node 0 needs node 9, which is not in the graph"),
        ({0: [(3, [1, 2])]}, "node 0 needs 3 of 2 nodes"),
        ({0: [(0, [1])]}, "node 0 needs 0 of 1 nodes"),
        ({0: [(1, [1, 1])]}, "node 0 names a node twice in one need"),
        ({9: []}, "node 9 has needs but is not in the graph"),
    ],
)
def test_a_wrong_graph_is_refused_and_named(needs: dict[int, list[tuple[int, list[int]]]], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Graph(range(3), needs)


def test_an_unknown_node_is_refused() -> None:
    with pytest.raises(GraphError, match="node 99 is not in the graph"):
        stopped_by(SHOP, [99])
