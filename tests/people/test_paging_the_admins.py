"""Admins learn on every channel that a reaction was set aside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from stormproof.core.delivery import deliver_once, park
from stormproof.core.facts import MessageSent, tell
from stormproof.core.models import FactRecord, Message
from stormproof.people.choices import Role
from stormproof.people.models import User

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


@pytest.mark.django_db
def test_a_parked_reaction_pages_every_admin_once() -> None:
    User.objects.create_user("alice@shop.example", roles=[Role.ADMIN])
    User.objects.create_user("bob@shop.example", roles=[Role.RESPONDER])
    with transaction.atomic():
        fact = tell(MessageSent(message_id=1, key="k", about_what=""), at=AT)
    park(fact_id=fact.pk, reaction="respond.reactions.x", error=ValueError("no"), attempts=6, at=AT)
    told = FactRecord.objects.get(name="ReactionParked")
    reaction = "people.reactions.page_admins_when_a_reaction_is_parked"
    assert deliver_once(fact_id=told.pk, reaction=reaction, at=AT)
    assert not deliver_once(fact_id=told.pk, reaction=reaction, at=AT)
    assert [(message.address, message.channel) for message in Message.objects.all()] == [
        ("alice@shop.example", "email")
    ]
