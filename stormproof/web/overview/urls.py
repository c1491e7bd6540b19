"""Addresses of the frame: overview, palette, open-incident strip, settings."""

from django.urls import path

from stormproof.web.overview import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("go/", views.palette, name="palette"),
    path("strip/", views.strip, name="strip"),
    path("settings/", views.settings_home, name="settings"),
]
