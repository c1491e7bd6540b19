"""Addresses of procedures, runs and approvals."""

from django.urls import path

from stormproof.web.recover.views import approving, procedures, runs

urlpatterns = [
    path("procedures/", procedures.procedure_list, name="procedures"),
    path("procedures/stop-switch/", procedures.stop_switch, name="stop_switch"),
    path("procedures/<slug:slug>/", procedures.procedure, name="procedure"),
    path("procedures/<slug:slug>/start/", procedures.start, name="start_run"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:id>/", runs.run, name="run"),
    path("runs/<int:id>/head/", runs.run_head, name="run_head"),
    path("runs/<int:id>/now/", runs.run_now, name="run_now"),
    path("runs/<int:id>/question/", runs.run_question, name="run_question"),
    path("runs/<int:id>/answer/", runs.answer, name="answer_step"),
    path("runs/<int:id>/approve/", runs.approve, name="approve_step"),
    path("runs/<int:id>/abort/", runs.abort, name="abort_run"),
    path("approve/<str:link>", approving.by_link, name="approve_by_link"),
]
