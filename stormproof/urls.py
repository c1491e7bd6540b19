"""Where each address leads: the pages, the API and the health endpoints."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("stormproof.api.urls")),
    path("", include("stormproof.web.urls")),
]
