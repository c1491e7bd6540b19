"""The graph of the business with live states, and what-if: what stops if this goes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from stormproof.business import selectors
from stormproof.business.models import Dependency, Node
from stormproof.business.selectors import Loss
from stormproof.core.clock import now
from stormproof.engine.graph import Spare, layers, spare_after
from stormproof.watch.selectors import node_states
from stormproof.web.requests import Request, reads
from stormproof.web.words import duration_words, money_words

READ = "business.read"
MOST_PICKED = 50


@dataclass(frozen=True, kw_only=True)
class Line:
    """A node in the table: what its loss alone would stop."""

    node: Node
    state: str
    loss: Loss
    stops: list[str]
    picked: bool
    single: bool


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A group of stand-ins and what is left of it."""

    node: Node
    spare: Spare
    members: list[Node]
    working: int


@reads(READ)
def graph_page(request: Request) -> HttpResponse:
    """The whole graph, the table beside it, and what-if for the nodes in `?down=`."""
    return render(
        request, "business/graph.html", {**_context(request), "map": map_data(), "business_url": reverse("business")}
    )


@reads(READ)
def what_if(request: Request) -> HttpResponse:
    """The answer alone, for a new choice of nodes or when a state changed."""
    return render(request, "business/_what_if.html", _context(request))


def _context(request: Request) -> dict[str, Any]:
    at, graph, states = now(), selectors.graph_now(), node_states()
    nodes = selectors.nodes_by_id(graph.nodes)
    by_slug = {node.slug: pk for pk, node in nodes.items()}
    picked = [by_slug[slug] for slug in request.GET.getlist("down")[:MOST_PICKED] if slug in by_slug]
    loss, *alone = selectors.losses_of([picked, *([pk] for pk in graph.nodes)], at=at, graph=graph)
    order = [pk for layer in reversed(layers(graph)) for pk in layer]
    single = selectors.single_points(graph=graph)
    losses = dict(zip(graph.nodes, alone, strict=True))
    lines = [
        Line(
            node=nodes[pk],
            state=states.get(pk, "unknown"),
            loss=losses[pk],
            stops=[nodes[other].name for other in losses[pk].functions if other != pk],
            picked=pk in picked,
            single=pk in single,
        )
        for pk in order
    ]
    down = {pk for pk, state in states.items() if state == "down"} | set(picked)
    return {
        "lines": lines,
        "picked": [nodes[pk] for pk in picked],
        "loss": loss,
        "stopped": [nodes[pk] for pk in order if pk in loss.stopped],
        "functions": [nodes[pk] for pk in loss.functions],
        "rto_node": nodes.get(loss.rto_node) if loss.rto_node else None,
        "pools": [_pool(spare, nodes) for spare in spare_after(graph, down)],
        "currency": selectors.currency(),
        "sentence": sentence_of(loss, nodes),
        "paint": {
            "states": {str(pk): states.get(pk, "unknown") for pk in graph.nodes},
            "picked": [str(pk) for pk in picked],
            "stopped": [str(pk) for pk in loss.stopped],
            "single": [str(pk) for pk in single],
        },
        "topics": ("MonitorWentDown", "MonitorRecovered", "MonitorWentUnknown", "business"),
        "url": f"{reverse('what-if')}?{request.GET.urlencode()}",
        "at": at,
    }


def _pool(spare: Spare, nodes: dict[int, Node]) -> Pool:
    members = [nodes[pk] for pk in spare.members]
    return Pool(node=nodes[spare.node], spare=spare, members=members, working=len(spare.working))


def sentence_of(loss: Loss, nodes: dict[int, Node]) -> str:
    """The answer to "what stops if this goes?" in words."""
    if not loss.down:
        return "Choose what goes, in the graph or in the table, and see what stops with it."
    gone = _list([nodes[pk].name for pk in sorted(loss.down, key=lambda pk: nodes[pk].name)])
    goes = "goes" if len(loss.down) == 1 else "go"
    hit = [nodes[pk].name for pk in loss.functions]
    if not hit:
        return f"If {gone} {goes}, no function stops."
    words = f"If {gone} {goes}, {_list(hit)} {'stops' if len(hit) == 1 else 'stop'}"
    if loss.per_hour:
        words += f": {money_words(loss.per_hour, selectors.currency())} an hour at this hour of the week"
    if loss.rto_seconds is not None and loss.rto_node is not None:
        words += f"; {nodes[loss.rto_node].name} must be back within {duration_words(loss.rto_seconds)}"
    return f"{words}."


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def map_data() -> dict[str, Any]:
    """The graph for the browser: nodes with their states, and an edge from each node to each that it needs."""
    graph, states = selectors.graph_now(), node_states()
    rows = selectors.nodes_by_id(graph.nodes)
    groups = {
        (one.node_id, member.on_id): _group_words(one)
        for one in Dependency.objects.prefetch_related("members")
        for member in one.members.all()
    }
    nodes = [
        {
            "id": pk,
            "label": rows[pk].name,
            "slug": rows[pk].slug,
            "kind": rows[pk].kind,
            "state": states.get(pk, "unknown"),
            "url": reverse("node", args=[rows[pk].slug]),
        }
        for pk in graph.nodes
    ]
    edges = [
        {"from": pk, "to": member, "label": groups.get((pk, member), "")}
        for pk in graph.nodes
        for member in graph.members_of(pk)
    ]
    return {"nodes": nodes, "edges": edges}


def _group_words(one: Dependency) -> str:
    count = len(one.members.all())
    return f"{one.at_least} of {count}" if count > 1 else ""
