"""The pages of `business`: what the shop consists of, the graph, objectives, revenue, continuity.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from stormproof.core.actor import Actor
from stormproof.web.shell import Found, Page, Stage

ICONS = {"function": "activity", "asset": "server", "supplier": "truck", "site": "building"}


def find_nodes(actor: Actor, words: str) -> Iterable[Found]:
    """Nodes whose name or slug has the words."""
    from stormproof.business.selectors import nodes_for  # noqa: PLC0415  (apps load before models)

    return [
        Found(
            url=reverse("node", args=[node.slug]), name=node.name, what=node.get_kind_display(), icon=ICONS[node.kind]
        )
        for node in nodes_for(actor, search=words)[:8]
    ]


STAGE = Stage(
    name="Business",
    url="business",
    icon="sitemap",
    rank=10,
    permission="business.read",
    key="b",
    pages=(
        Page(
            name="Graph and what-if",
            url="graph",
            permission="business.read",
            note="what stops if this goes?",
            icon="sitemap",
        ),
        Page(
            name="Revenue profile",
            url="revenue",
            permission="business.read",
            note="money by the hour",
            icon="coin-euro",
        ),
        Page(
            name="continuity.yaml",
            url="document",
            permission="business.read",
            note="upload, preview, apply",
            icon="file-code",
        ),
        Page(
            name="Look at a shop",
            url="discover",
            permission="business.write",
            note="start from its address",
            icon="world-search",
        ),
    ),
    search=find_nodes,
)
