"""Addresses of incidents."""

from django.urls import path, re_path

from stormproof.web.respond.views import acknowledging, acting, alerts, intake, integrations, pages

urlpatterns = [
    path("incidents/", pages.incidents, name="incidents"),
    path("incidents/declare/", acting.declare, name="declare_incident"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/act/", alerts.act_on_alerts, name="act-on-alerts"),
    path("alerts/<int:id>/", alerts.alert, name="alert"),
    path("alerts/silences/", alerts.silences, name="silences"),
    path("alerts/silences/<int:id>/end/", alerts.end_silence, name="end-silence"),
    path("alerts/routing/", alerts.routing, name="alert-routing"),
    path("integrations/", integrations.integrations, name="integrations"),
    path("integrations/new/<slug:kind>/", integrations.new_integration, name="new-integration"),
    path("integrations/<slug:slug>/", integrations.integration, name="integration"),
    path("integrations/<slug:slug>/rotate/", integrations.rotate_key, name="rotate-integration"),
    path("integrations/<slug:slug>/reprocess/", integrations.reprocess, name="reprocess-integration"),
    path("incidents/paging/", pages.paging, name="paging"),
    path("incidents/<int:number>/", pages.incident, name="incident"),
    path("incidents/<int:number>/now/", pages.incident_now, name="incident_now"),
    path("incidents/<int:number>/log/", pages.incident_log, name="incident_log"),
    path("incidents/<int:number>/tasks/", pages.incident_tasks, name="incident_tasks"),
    path("incidents/<int:number>/acknowledge/", acting.acknowledge, name="acknowledge_incident"),
    path("incidents/<int:number>/resolve/", acting.resolve, name="resolve_incident"),
    path("incidents/<int:number>/severity/", acting.severity, name="change_severity"),
    path("incidents/<int:number>/hand-over/", acting.hand_over, name="hand_over_incident"),
    path("incidents/<int:number>/note/", acting.note, name="add_note"),
    path("incidents/<int:number>/pin/<int:id>/", acting.pin, name="pin_entry"),
    path("incidents/<int:number>/task/", acting.task, name="add_task"),
    path("incidents/<int:number>/task/<int:id>/done/", acting.task_done, name="finish_task"),
    path("incidents/<int:number>/run/<slug:slug>/", acting.run, name="run_for_incident"),
    re_path(r"^in/(?P<key>[A-Za-z0-9_-]{1,100})(?:/api/v[12]/alerts|/v2/enqueue)?/?$", intake.take_delivery, name="in"),
    re_path(r"^(?:in|v2/enqueue)/?$", intake.take_delivery),
    path("ack/<str:token>", acknowledging.by_link, name="acknowledge_by_link"),
    path("ack/<str:token>/", acknowledging.by_link),
]
