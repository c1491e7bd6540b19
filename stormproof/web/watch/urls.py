"""Addresses of `watch`."""

from django.urls import path

from stormproof.web.watch import charts, pings, views

urlpatterns = [
    path("monitors/", views.show_monitors, name="monitors"),
    path("monitors/new/", views.choose_kind, name="monitor-new"),
    path("monitors/new/<slug:kind>/", views.add_monitor, name="monitor-add"),
    path("monitors/<slug:slug>/", views.show_monitor, name="monitor"),
    path("monitors/<slug:slug>/now/", views.show_now, name="monitor-now"),
    path("monitors/<slug:slug>/chart/", charts.latency_chart, name="monitor-chart"),
    path("monitors/<slug:slug>/edit/", views.edit_monitor, name="monitor-edit"),
    path("monitors/<slug:slug>/undo/", views.undo_change, name="monitor-undo"),
    path("monitors/<slug:slug>/pause/", views.pause, name="monitor-pause"),
    path("monitors/<slug:slug>/resume/", views.resume, name="monitor-resume"),
    path("monitors/<slug:slug>/retire/", views.retire, name="monitor-retire"),
    path("monitors/<slug:slug>/test/", views.test_now, name="monitor-test"),
    path("ping/<uuid:key>", pings.take_ping, name="ping"),
    path("ping/<uuid:key>/<str:signal>", pings.take_ping, name="ping-signal"),
]
