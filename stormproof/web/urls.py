"""Addresses of the pages: each app that has `web/<app>/urls.py` states its own prefixes."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from stormproof.web.shell import APPS

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"stormproof.web.{app}.urls"))
    for app in APPS
    if find_spec(f"stormproof.web.{app}") and find_spec(f"stormproof.web.{app}.urls")
]
