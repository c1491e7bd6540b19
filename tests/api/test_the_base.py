"""The API's base: tokens, problems, pages, limits, and its own documentation."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.test import Client

from stormproof.api.base import PerActor
from stormproof.people import services
from stormproof.people.models import ApiToken, User
from tests.people.make import actor, person, signed_in, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_calls_yet():
    caches["local"].clear()


def get(path: str, token: str = "", client: Client | None = None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (client or Client()).get(f"/api/v1{path}", headers=headers)


def test_a_token_says_who_it_acts_for():
    user = person("responder", name="Alice")
    answer = get("/me", token_of(user, "watch.read", "people.read"))
    assert answer.json() == {
        "key": f"token:{ApiToken.objects.get().pk}",
        "name": "a test (Alice)",
        "user_id": user.pk,
        "permissions": ["people.read", "watch.read"],
    }
    assert ApiToken.objects.get().last_used_at is not None


def test_a_wrong_token_is_not_rescued_by_a_session():
    client = signed_in(person("admin"))
    assert get("/me", client=client).status_code == 200
    answer = get("/me", "sp_wrong", client)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="stormproof"')
    assert client.get("/api/v1/me", headers={"Authorization": "Basic YTpi"}).status_code == 401


def test_a_revoked_token_opens_nothing_from_the_next_call_on():
    user = person("responder")
    raw = token_of(user, "people.read")
    assert get("/people", raw).status_code == 200
    services.revoke_token(ApiToken.objects.get(), actor=actor("admin"), at=ApiToken.objects.get().issued_at)
    assert get("/people", raw).status_code == 401


def test_problems_are_said_as_problem_json():
    raw = token_of(person("admin"), "people.read", "watch.read")
    missing, wrong, denied = get("/people/99999999", raw), get("/people/x", raw), get("/business", raw)
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no person 99999999",
    }
    assert (wrong.status_code, wrong.json()["field"]) == (422, "id")
    assert denied.status_code in (403, 404)


def test_a_refusal_names_the_field_and_the_way_out():
    answer = Client().post(
        "/api/v1/people",
        {"email": "nobody", "roles": ["responder"]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token_of(person('admin'), 'people.write', 'people.admin')}"},
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == "email"
    assert answer.json()["hint"] == "Such as ada@shop.example"
    assert not User.objects.filter(email="nobody").exists()


def test_lists_come_in_pages():
    for _ in range(3):
        person("employee")
    raw = token_of(person("auditor"), "people.read")
    first = get("/people?limit=2", raw).json()
    assert (len(first["items"]), first["count"]) == (2, 4)
    assert len(get("/people?limit=2&offset=2", raw).json()["items"]) == 2
    assert get("/people?limit=501", raw).status_code == 422


def test_calls_are_limited_by_actor(monkeypatch):
    monkeypatch.setattr(PerActor, "allow_request", lambda self, request: False)
    monkeypatch.setattr(PerActor, "wait", lambda self: 3)
    answer = get("/me", token_of(person("auditor"), "people.read"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")


def test_the_limit_is_kept_for_each_actor():
    throttle, seen = PerActor(rate="2/m"), []

    class Asked:
        META = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.9"}

    for _ in range(3):
        seen.append(throttle.allow_request(Asked()))  # type: ignore[arg-type]
    assert seen == [True, True, False]
    assert throttle.key == "api:192.0.2.1"


def test_the_documentation_is_served_from_here():
    schema = get("/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/people" in schema["paths"]
    page = get("/docs").content.decode()
    assert "//cdn" not in page
    assert "https://" not in page
    assert 'src="/static/ninja/swagger-ui-bundle.js"' in page
