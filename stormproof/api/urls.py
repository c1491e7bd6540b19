"""Addresses of the API: every app's router, one line each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from ninja import Router

from stormproof.api import alerts, business, incidents, inform, people, recover, rehearse, respond, review, watch
from stormproof.api.agents import router as agents
from stormproof.api.base import api
from stormproof.api.heartbeats import router as heartbeats
from stormproof.api.imports import router as imports

ROUTERS: list[Router] = [
    people.router,
    watch.router,
    heartbeats,
    imports,
    agents,
    business.router,
    recover.router,
    rehearse.router,
    respond.router,
    alerts.router,
    incidents.router,
    review.router,
    inform.router,
]

for router in ROUTERS:
    api.add_router("", router)

urlpatterns: list[URLPattern | URLResolver] = [path("v1/", api.urls)]
