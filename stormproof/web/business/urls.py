"""Addresses of the business pages."""

from django.urls import URLPattern, URLResolver, path

from stormproof.web.business.views import discovery, document, graph, nodes, revenue

urlpatterns: list[URLPattern | URLResolver] = [
    path("business/", nodes.node_list, name="business"),
    path("business/graph/", graph.graph_page, name="graph"),
    path("business/graph/what-if/", graph.what_if, name="what-if"),
    path("business/discover/", discovery.discover, name="discover"),
    path("business/revenue/", revenue.revenue_page, name="revenue"),
    path("business/revenue/by-hand/", revenue.set_by_hand, name="revenue-by-hand"),
    path("business/revenue/import/", revenue.import_orders, name="revenue-import"),
    path("business/document/", document.document_page, name="document"),
    path("business/document/preview/", document.preview, name="document-preview"),
    path("business/document/apply/", document.apply, name="document-apply"),
    path("business/document/export/", document.export, name="document-export"),
    path("business/revisions/<int:number>/", document.revision_page, name="revision"),
    path("nodes/<slug:slug>/", nodes.node_page, name="node"),
    path("nodes/<slug:slug>/now/", nodes.node_now, name="node-now"),
    path("nodes/<slug:slug>/objectives/", nodes.edit_objectives, name="node-objectives"),
    path("schema/continuity.json", document.schema, name="schema"),
]
