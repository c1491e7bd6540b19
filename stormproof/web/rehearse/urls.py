"""Addresses of exercises and their runs."""

from django.urls import path

from stormproof.web.rehearse.views import exercises, runs

urlpatterns = [
    path("exercises/", exercises.exercise_list, name="exercises"),
    path("exercises/runs/", runs.run_list, name="exercise_runs"),
    path("exercises/runs/<int:id>/", runs.run, name="exercise_run"),
    path("exercises/runs/<int:id>/now/", runs.run_now, name="exercise_run_now"),
    path("exercises/runs/<int:id>/stop/", runs.stop, name="stop_exercise"),
    path("exercises/<slug:slug>/", exercises.exercise, name="exercise"),
    path("exercises/<slug:slug>/start/", exercises.start, name="start_exercise"),
]
