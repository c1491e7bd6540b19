"""Addresses of the public status page and of the pages about customers."""

from django.urls import path

from stormproof.web.inform import views
from stormproof.web.inform.views import public

urlpatterns = [
    path("status/", public.status, name="status"),
    path("status.json", public.status_json, name="status-json"),
    path("status/feed.atom", public.feed, name="status-feed"),
    path("status/notices/<int:id>/", public.notice, name="public-notice"),
    path("status/subscribe/", public.subscribe, name="subscribe"),
    path("status/confirm/<str:token>/", public.confirm, name="confirm-subscription"),
    path("status/leave/<str:token>/", public.leave, name="leave-subscription"),
    path("customers/", views.customers, name="customers"),
    path("customers/notices/<int:id>/", views.notice, name="notice"),
    path("customers/notices/<int:id>/write/", views.write, name="write-notice"),
    path("customers/notices/<int:id>/publish/", views.publish, name="publish-notice"),
    path("customers/notices/<int:id>/withdraw/", views.withdraw, name="withdraw-notice"),
    path("customers/incident/<int:number>/", views.of_incident, name="notice-of-incident"),
    path("customers/subscribers/", views.subscribers, name="subscribers"),
    path("customers/subscribers/<int:id>/remove/", views.remove, name="remove-subscriber"),
    path("customers/status-page/", views.status_settings, name="status-settings"),
]
