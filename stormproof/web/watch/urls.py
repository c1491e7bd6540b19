"""Addresses of `watch`."""

from django.urls import path

from stormproof.web.watch.views import charts, pages, pings, signals

urlpatterns = [
    path("monitors/", pages.show_monitors, name="monitors"),
    path("monitors/new/", pages.choose_kind, name="monitor-new"),
    path("monitors/new/<slug:kind>/", pages.add_monitor, name="monitor-add"),
    path("monitors/<slug:slug>/", pages.show_monitor, name="monitor"),
    path("monitors/<slug:slug>/now/", pages.show_now, name="monitor-now"),
    path("monitors/<slug:slug>/chart/", charts.latency_chart, name="monitor-chart"),
    path("monitors/<slug:slug>/edit/", pages.edit_monitor, name="monitor-edit"),
    path("monitors/<slug:slug>/undo/", pages.undo_change, name="monitor-undo"),
    path("monitors/<slug:slug>/pause/", pages.pause, name="monitor-pause"),
    path("monitors/<slug:slug>/resume/", pages.resume, name="monitor-resume"),
    path("monitors/<slug:slug>/retire/", pages.retire, name="monitor-retire"),
    path("monitors/<slug:slug>/test/", pages.test_now, name="monitor-test"),
    path("signals/", signals.show_signals, name="signals"),
    path("signals/<slug:slug>/", signals.show_signal, name="signal"),
    path("signals/<slug:slug>/chart/", signals.signal_chart, name="signal-chart"),
    path("ping/<uuid:key>", pings.take_ping, name="ping"),
    path("ping/<uuid:key>/<str:signal>", pings.take_ping, name="ping-signal"),
]
