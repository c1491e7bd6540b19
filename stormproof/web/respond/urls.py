"""Addresses of incidents."""

from django.urls import path

from stormproof.web.respond.views import acknowledging, acting, pages, roles, timeline

urlpatterns = [
    path("incidents/", pages.incidents, name="incidents"),
    path("incidents/declare/", acting.declare, name="declare_incident"),
    path("incidents/paging/", pages.paging, name="paging"),
    path("incidents/severities/", roles.severities, name="severities"),
    path("incidents/trained/", roles.trained, name="qualifications"),
    path("incidents/trained/<int:id>/drop/", roles.drop, name="drop_qualification"),
    path("incidents/<int:number>/", pages.incident, name="incident"),
    path("incidents/<int:number>/now/", pages.incident_now, name="incident_now"),
    path("incidents/<int:number>/log/", pages.incident_log, name="incident_log"),
    path("incidents/<int:number>/tasks/", pages.incident_tasks, name="incident_tasks"),
    path("incidents/<int:number>/acknowledge/", acting.acknowledge, name="acknowledge_incident"),
    path("incidents/<int:number>/resolve/", acting.resolve, name="resolve_incident"),
    path("incidents/<int:number>/stable/", acting.mitigate, name="mitigate_incident"),
    path("incidents/<int:number>/command/", roles.command, name="take_command"),
    path("incidents/<int:number>/role/<slug:role>/", roles.assign, name="assign_role"),
    path("incidents/<int:number>/role/<int:id>/end/", roles.end, name="end_role"),
    path("incidents/<int:number>/entry/<int:id>/", timeline.entry, name="edit_entry"),
    path("incidents/<int:number>/report.<str:form>", timeline.report, name="incident_report"),
    path("incidents/<int:number>/severity/", acting.severity, name="change_severity"),
    path("incidents/<int:number>/hand-over/", acting.hand_over, name="hand_over_incident"),
    path("incidents/<int:number>/note/", acting.note, name="add_note"),
    path("incidents/<int:number>/pin/<int:id>/", acting.pin, name="pin_entry"),
    path("incidents/<int:number>/task/", acting.task, name="add_task"),
    path("incidents/<int:number>/task/<int:id>/done/", acting.task_done, name="finish_task"),
    path("incidents/<int:number>/run/<slug:slug>/", acting.run, name="run_for_incident"),
    path("ack/<str:token>", acknowledging.by_link, name="acknowledge_by_link"),
    path("ack/<str:token>/", acknowledging.by_link),
]
