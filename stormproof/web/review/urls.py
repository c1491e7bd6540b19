"""Addresses of reviews and actions."""

from django.urls import path

from stormproof.web.review import views

urlpatterns = [
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<int:number>/", views.review, name="review"),
    path("reviews/<int:number>/report.md", views.report, name="review_report"),
    path("reviews/<int:number>/words/", views.words, name="edit_review"),
    path("reviews/<int:number>/lesson/", views.lesson, name="add_lesson"),
    path("reviews/<int:number>/lesson/<int:id>/drop/", views.lesson_drop, name="drop_lesson"),
    path("reviews/<int:number>/whys/", views.whys, name="set_five_whys"),
    path("reviews/<int:number>/cause/", views.cause, name="add_cause"),
    path("reviews/<int:number>/cause/<int:id>/drop/", views.cause_drop, name="drop_cause"),
    path("reviews/<int:number>/action/", views.action, name="add_action"),
    path("reviews/<int:number>/sign-off/", views.sign_off, name="sign_off_review"),
    path("actions/", views.actions, name="actions"),
    path("actions/<int:id>/done/", views.action_done, name="finish_action"),
]
