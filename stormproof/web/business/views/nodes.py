"""The list of everything the shop consists of, and the page of one node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from stormproof.business import selectors
from stormproof.business.choices import Kind
from stormproof.business.models import Dependency, Node
from stormproof.business.selectors import Loss
from stormproof.business.services.nodes import CannotSetObjectives, set_objectives
from stormproof.core.clock import now
from stormproof.core.facts import history_of
from stormproof.engine.graph import Graph
from stormproof.people.models import Team
from stormproof.recover.selectors import procedures_for_nodes
from stormproof.respond.selectors import open_incidents
from stormproof.watch.selectors import monitors_of, node_states
from stormproof.web.business.forms import ObjectivesForm
from stormproof.web.drawing import Drawing, draw_graph
from stormproof.web.drawing import Node as Drawn
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads
from stormproof.web.words import duration_words, money_words

READ, WRITE = "business.read", "business.write"
NEWEST = 30


@dataclass(frozen=True, kw_only=True)
class Member:
    """A node that counts towards a need, with its state."""

    node: Node
    state: str


@dataclass(frozen=True, kw_only=True)
class NeedLine:
    """One need of the node, and how many of its members may still go."""

    label: str
    at_least: int
    members: list[Member]

    @property
    def is_group(self) -> bool:
        """Whether several can meet it."""
        return len(self.members) > 1

    @property
    def spare(self) -> int:
        """How many more may go; below zero when too few work."""
        return sum(member.state != "down" for member in self.members) - self.at_least


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A line of the history."""

    words: str
    happened_at: datetime
    actor_name: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """Something of another stage: where it is (empty while it has no page), its name and a few words."""

    name: str
    url: str
    state: str = ""
    since: datetime | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the list."""

    node: Node
    state: str
    loss: Loss
    stops: list[str]
    rto_seconds: int | None  # its own promise


@reads(READ)
def node_list(request: Request) -> HttpResponse:
    """Functions, assets, suppliers and sites, with their states and what hangs on each."""
    listing = read_list(
        request,
        selectors.nodes_for(request.actor),
        noun="nodes",
        columns=[
            Column(name="Name", sort="name", csv=lambda node: node.name),
            Column(name="Kind", sort="kind", csv=lambda node: node.get_kind_display()),
            Column(name="State"),
            Column(name="Team", sort="team__name", csv=lambda node: node.team or ""),
            Column(name="RTO", sort="objective__rto_seconds", csv=_rto_in_csv, end=True),
            Column(name="Stops alone"),
            Column(name="Costs an hour", end=True),
        ],
        filters=[
            Filter(key="kind", name="Kind", choices=Kind.choices),
            Filter(
                key="team",
                name="Team",
                lookup="team__slug",
                choices=list(Team.objects.filter(retired_at__isnull=True).values_list("slug", "name")),
            ),
        ],
        search=["name__icontains", "slug__icontains", "description__icontains"],
        order="position",
        csv_name="business",
    )
    if listing.wants_csv:
        return listing.as_csv()
    states, names = node_states(), dict(selectors.functions_in_use().values_list("pk", "name"))
    losses = selectors.losses_of([[node.pk] for node in listing.rows], at=now())
    rows = [
        Row(
            node=node,
            state=states.get(node.pk, "unknown"),
            loss=loss,
            stops=[names[pk] for pk in loss.functions if pk != node.pk],
            rto_seconds=_rto_of(node),
        )
        for node, loss in zip(listing.rows, losses, strict=True)
    ]
    context = {
        "list": listing,
        "rows": rows,
        "currency": selectors.currency(),
        "sentence": list_sentence(states),
        "may_write": request.actor.may(WRITE),
    }
    return render(request, "business/list.html", context)


def _rto_of(node: Node) -> int | None:
    objective = getattr(node, "objective", None)
    return objective.rto_seconds if objective else None


def _rto_in_csv(node: Node) -> str:
    seconds = _rto_of(node)
    return "" if seconds is None else duration_words(seconds)


def list_sentence(states: dict[int, str]) -> str:
    """What matters about the whole, in words."""
    functions = {node.pk: node.name for node in selectors.functions_in_use()}
    down = [name for pk, name in functions.items() if states.get(pk) == "down"]
    if down:
        return f"{_and(down)} {'is' if len(down) == 1 else 'are'} down."
    single = [pk for pk in selectors.single_points() if pk not in functions]
    if not functions:
        return "Nothing is described yet: look at your shop, or upload a continuity.yaml."
    words = f"{len(functions)} functions, none of them down."
    return f"{words} {len(single)} of the things below them have no stand-in: the loss of one alone stops a function."


@reads(READ)
def node_page(request: Request, slug: str) -> HttpResponse:
    """One node: now, how it hangs together, what is promised, proof, history."""
    return render(request, "business/node.html", node_context(request, slug))


@reads(READ)
def node_now(request: Request, slug: str) -> HttpResponse:
    """The live part of the page."""
    return render(request, "business/_node_now.html", node_context(request, slug))


def node_context(request: Request, slug: str) -> dict[str, Any]:
    """What the page of a node shows."""
    node, at = selectors.node_for(request.actor, slug), now()
    graph, states = selectors.graph_now(), node_states()
    loss = selectors.loss_of([node.pk], at=at, graph=graph)
    others = selectors.nodes_by_id(loss.functions)
    state = states.get(node.pk, "unknown")
    stops = [others[pk] for pk in loss.functions if pk != node.pk]
    return {
        "node": node,
        "details": getattr(node, node.kind, None),
        "state": state,
        "loss": loss,
        "stops": stops,
        "currency": selectors.currency(),
        "sentence": node_sentence(node, state, loss, stops),
        "objective": selectors.objective_of(node.pk),
        "monitors": [
            Link(name=one.name, url=_url("monitor", one.slug), state=one.state, since=one.state_since)
            for one in monitors_of(node.pk)
        ],
        "needs": [_need_line(one, states) for one in selectors.dependencies_of(node.pk)],
        "drawing": neighbours(node, graph, states),
        "drawing_label": f"{node.name}, what it needs and what needs it",
        "procedures": [
            Link(name=one.name, url=_url("procedure", one.slug), note=_START.get(one.start, ""))
            for one in procedures_for_nodes([node.pk])
        ],
        "incidents": _incidents(request, node),
        "history": [
            Happening(words=fact_words(one.name), happened_at=one.happened_at, actor_name=one.actor_name)
            for one in history_of(f"node:{node.pk}")[:NEWEST]
        ],
        "kind_url": f"{reverse('business')}?kind={node.kind}",
        "topics": (f"node:{node.pk}", "MonitorWentDown", "MonitorRecovered", "business"),
        "may_write": request.actor.may(WRITE),
        "now_url": reverse("node-now", args=[node.slug]),
        "at": at,
    }


_START = {"automatic": "starts by itself", "by_hand": "started by a person"}


def _url(name: str, *arguments: object) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _need_line(need: Dependency, states: dict[int, str]) -> NeedLine:
    members = [Member(node=one.on, state=states.get(one.on_id, "unknown")) for one in need.members.all()]
    return NeedLine(label=need.label, at_least=need.at_least, members=members)


def _incidents(request: Request, node: Node) -> list[Link]:
    """The open incidents that have this node as root cause or among the functions hit."""
    if not request.actor.may("respond.read"):
        return []
    found = open_incidents(request.actor).filter(Q(root_node=node) | Q(functions=node)).distinct()
    return [
        Link(name=f"INC-{one.number} {one.title}", url=_url("incident", one.number), state=one.state) for one in found
    ]


def fact_words(name: str) -> str:
    """`ObjectivesChanged` as "Objectives changed"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def node_sentence(node: Node, state: str, loss: Loss, stops: list[Node]) -> str:
    """What matters about a node now, in one sentence or two."""
    if node.retired_at:
        return "Retired: no longer part of the business; its history stays."
    lead = {
        "up": "Working.",
        "down": "Down.",
        "degraded": "Working, but not well.",
        "maintenance": "In maintenance.",
    }.get(state, "Nobody watches it: its state is unknown.")
    rest = _and([*(["it"] if node.kind == Kind.FUNCTION else []), *_names(stops)]) if stops else "it"
    if not loss.functions:
        return f"{lead} Losing it alone stops no function."
    verb = "stops" if not stops or (len(stops) == 1 and node.kind != Kind.FUNCTION) else "stop"
    while_down = f"While it is down, {rest} {verb}" if state == "down" else f"If it goes, {rest} {verb}"
    cost = f": {money_words(loss.per_minute, selectors.currency())} a minute" if loss.per_minute else ""
    promise = f", to be back within {duration_words(loss.rto_seconds)}" if loss.rto_seconds is not None else ""
    return f"{lead} {while_down}{cost}{promise}."


def _names(nodes: list[Node]) -> list[str]:
    shown = [node.name for node in nodes[:3]]
    return [*shown, f"{len(nodes) - 3} more"] if len(nodes) > 3 else shown


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def neighbours(node: Node, graph: Graph, states: dict[int, str]) -> Drawing:
    """The small graph of a node: what it needs two steps down, and what needs it one step up."""
    if node.pk not in graph.needs:
        return draw_graph([], [])
    near = [node.pk, *dict.fromkeys(user for user, _ in graph.used_by[node.pk])]
    below = list(graph.members_of(node.pk))
    further = [deep for member in below for deep in graph.members_of(member)]
    shown = list(dict.fromkeys([*near, *below, *further]))[:24]
    rows = selectors.nodes_by_id(shown)
    drawn = [
        Drawn(
            id=pk,
            label=rows[pk].name,
            state=states.get(pk, "unknown"),
            url=reverse("node", args=[rows[pk].slug]) if pk != node.pk else "",
        )
        for pk in shown
    ]
    edges = [(pk, member) for pk in shown for member in graph.members_of(pk) if member in rows]
    return draw_graph(drawn, edges, centre=node.pk)


@acts(WRITE)
def edit_objectives(request: Request, slug: str) -> HttpResponse:
    """Say what is promised for a node."""
    node = selectors.node_for(request.actor, slug)
    form = (
        ObjectivesForm(request.POST) if request.method == "POST" else ObjectivesForm.of(selectors.objective_of(node.pk))
    )
    if request.method == "POST" and form.is_valid():
        try:
            set_objectives(
                node,
                rto_seconds=form.cleaned_data["rto"],
                rpo_seconds=form.cleaned_data["rpo"],
                mtpd_seconds=form.cleaned_data["mtpd"],
                mbco_percent=_cents(form.cleaned_data["mbco"]),
                actor=request.actor,
                at=now(),
            )
        except CannotSetObjectives as refused:
            form.add_error(refused.field, f"{refused.message}; {refused.hint}")
        else:
            messages.success(request, f"The objectives of {node.name} are as you said.")
            return redirect("node", slug=slug)
    status = 422 if form.errors else 200
    return render(
        request,
        "business/objectives.html",
        {"node": node, "form": form, "back_url": reverse("node", args=[slug])},
        status=status,
    )


def _cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.01"))
