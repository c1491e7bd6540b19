"""Addresses of the system pages."""

from django.urls import path

from stormproof.web.core import system

urlpatterns = [
    path("system/", system.system_home, name="system"),
    path("system/parked/<int:parked_id>/retry/", system.retry_reaction, name="retry-reaction"),
    path("audit/", system.audit_trail, name="audit"),
    path("audit/verify/", system.verify_trail, name="audit-verify"),
    path("outbox/", system.outbox_list, name="outbox"),
    path("outbox/<int:message_id>/again/", system.send_message_again, name="send-again"),
]
