"""The words of `people`: roles, permissions, channels and the purposes of one-time links."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a person is here for; a person may hold several."""

    ADMIN = "admin", "Administrator"
    CONTINUITY_MANAGER = "continuity_manager", "Continuity manager"
    RESPONDER = "responder", "Responder"
    SUPPORT_AGENT = "support_agent", "Support agent"
    EMPLOYEE = "employee", "Employee"
    AUDITOR = "auditor", "Auditor"


class Channel(models.TextChoices):
    """How a person is reached."""

    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class LinkPurpose(models.TextChoices):
    """What a one-time link is good for."""

    SET_UP = "set-up", "Making the first administrator"
    INVITATION = "invitation", "Accepting an invitation"
    CONTACT = "contact", "Verifying a contact point"


APPS = ("people", "business", "watch", "recover", "respond", "inform", "rehearse", "review")
ACTS = (
    "respond.act",
    "recover.run",
    "recover.approve",
    "inform.publish",
    "rehearse.run",
    "people.admin",
    "audit.read",
)
PERMISSIONS = tuple(f"{app}.{verb}" for app in APPS for verb in ("read", "write")) + ACTS
