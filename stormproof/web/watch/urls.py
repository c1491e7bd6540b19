"""Addresses of `watch`."""

from django.urls import path

from stormproof.web.watch.views import charts, hosts, imports, jobs, pages, pings, walks
from stormproof.web.watch.views import charts, imports, jobs, pages, pings, signals, vendors, walks

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
    path("monitors/<slug:slug>/pings/", jobs.show_pings, name="monitor-pings"),
    path("monitors/<slug:slug>/pings/<int:number>/", jobs.show_ping, name="monitor-ping"),
    path("monitors/<slug:slug>/how-to-ping/", jobs.how_to_ping, name="how-to-ping"),
    path("imports/", imports.import_monitors, name="import-monitors"),
    path("vendors/", vendors.show_vendors, name="vendors"),
    path("ping-keys/", jobs.show_ping_keys, name="ping-keys"),
    path("ping-keys/<int:key_id>/revoke/", jobs.revoke_key, name="revoke-ping-key"),
    path("hosts/", hosts.show_hosts, name="hosts"),
    path("monitors/<slug:slug>/figures/<slug:chart>/", hosts.host_chart, name="host-chart"),
    path("monitors/<slug:slug>/agent-token/", hosts.make_token, name="host-token"),
    path("monitors/<slug:slug>/walks/", walks.show_walks, name="monitor-walks"),
    path("monitors/<slug:slug>/walks/<int:walk_id>/", walks.show_walk, name="monitor-walk"),
    path("monitors/<slug:slug>/walks/<int:walk_id>/<str:name>", walks.send_file, name="monitor-walk-file"),
    path("ping/<uuid:key>", pings.take_ping, name="ping"),
    path("ping/<uuid:key>/", pings.take_ping, name="ping-with-slash"),
    path("ping/<uuid:key>/<str:signal>", pings.take_ping, name="ping-signal"),
    path("ping/<slug:ping_key>/<str:slug>", pings.take_ping_by_name, name="ping-by-name"),
    path("ping/<slug:ping_key>/<str:slug>/<str:signal>", pings.take_ping_by_name, name="ping-by-name-signal"),
]
