"""Alice may write, Bob may only read, Charlie sees nothing."""

from __future__ import annotations

from django.test import Client

from stormproof.people.models import User


def client_of(name: str) -> Client:
    roles = {"alice": ["responder"], "bob": ["auditor"], "charlie": ["employee"]}[name]
    user = User.objects.create_user(f"{name}@shop.example", roles=roles)
    client = Client()
    client.force_login(user)
    return client
