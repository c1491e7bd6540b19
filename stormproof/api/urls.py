"""Addresses of the API: every app's router, one line each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from ninja import Router

from stormproof.api import (
    alerts,
    business,
    incidents,
    inform,
    legal,
    maintenance,
    metrics,
    oncall,
    people,
    places,
    probers,
    recover,
    rehearse,
    relations,
    respond,
    review,
    watch,
)
from stormproof.api.agents import router as agents
from stormproof.api.base import api
from stormproof.api.heartbeats import router as heartbeats
from stormproof.api.imports import router as imports
from stormproof.api.peaks import router as peaks
from stormproof.api.signals import router as signals
from stormproof.api.slos import router as slos

ROUTERS: list[Router] = [
    people.router,
    watch.router,
    maintenance.router,
    places.router,
    probers.router,
    signals,
    peaks,
    slos,
    heartbeats,
    imports,
    agents,
    business.router,
    recover.router,
    rehearse.router,
    respond.router,
    oncall.router,
    alerts.router,
    incidents.router,
    legal.router,
    metrics.router,
    relations.router,
    review.router,
    inform.router,
]

for router in ROUTERS:
    api.add_router("", router)

urlpatterns: list[URLPattern | URLResolver] = [path("v1/", api.urls)]
