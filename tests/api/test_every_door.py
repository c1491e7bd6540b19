"""Every page and every API operation there is, also those that come later.

Strangers are asked who they are; whoever may not is told so, or finds nothing; whoever may only read changes nothing;
no page breaks.
"""

from __future__ import annotations

import json
import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.api.world import Address, Operation, make_world, operations, pages
from tests.people.make import person, signed_in, token_of

pytestmark = pytest.mark.django_db

OPEN = ("/accounts/", "/ack/", "/approve/", "/contact/", "/invitation/", "/ping/", "/schema/", "/set-up/", "/status")
OPEN += ("/calendar/", "/security-events/", "/badges/", "/in", "/v2/enqueue")
OWN = {"overview", "palette", "strip", "settings", "profile", "tokens", "new-token", "add-contact-point"}
OWN |= {"rotate-my-address", "absences", "read-calendar"}
OPEN_API = {"/api/v1/status", "/api/v1/business/document/schema"}
OWN_API = {"/api/v1/me"}
OF_MACHINES = ("/api/v1/probers/", "/api/v1/agent/reports")  # opened by the tokens of remote probers and agents alone
REFUSED = {403, 404, 405}
BOOKKEEPING = ("django_session", "people_user", "people_apitoken", "people_cache_entry", "usersessions_usersession")
_WRITE = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


@pytest.fixture(autouse=True)
def _world():
    caches["local"].clear()
    make_world()


def is_own(page: Address) -> bool:
    return page.name in OWN or page.path.startswith("/accounts/")


def written(queries: CaptureQueriesContext) -> list[str]:
    """The tables that were written, but for who was here when."""
    found = (_WRITE.match(query["sql"]) for query in queries.captured_queries)
    return [match[2] for match in found if match and match[2] not in BOOKKEEPING]


def call(client: Client, operation: Operation, token: str = ""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = "" if operation.body is None else json.dumps(operation.body)
    return client.generic(operation.method, operation.path, data, content_type="application/json", headers=headers)


def test_there_is_something_to_try():
    assert len(pages()) > 60
    assert len(operations()) > 5
    assert not [page.path for page in pages() if "<" in page.path or "(" in page.path]


def test_what_is_open_to_strangers_is_on_the_list():
    assert [page.path for page in pages() if page.is_open and not page.path.startswith(OPEN)] == []
    assert [each.path for each in operations() if each.is_open and not each.path.startswith(tuple(OPEN_API))] == []


def test_strangers_are_sent_to_the_sign_in_page_from_every_other_page():
    client, wrong = Client(), []
    for page in pages():
        if page.is_open:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(page.path)
            if not (answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")):
                wrong.append((method, page.path, answer.status_code))
    assert wrong == []


def test_somebody_without_roles_finds_only_what_is_their_own():
    client, wrong = signed_in(person("employee")), []
    for page in pages():
        if page.is_open or is_own(page):
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(page.path)
            if answer.status_code not in REFUSED:
                wrong.append((method, page.path, answer.status_code))
    assert wrong == []


def test_somebody_who_may_only_read_changes_nothing():
    client, wrong = signed_in(person("auditor")), []
    for page in pages():
        if is_own(page) or page.is_open:
            continue
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(page.path, {"confirm_name": "x", "text": "x", "reason": "x"})
        if answer.status_code >= 500 or written(queries):
            wrong.append((page.path, answer.status_code, written(queries)))
    assert wrong == []


def test_no_page_breaks_for_an_administrator_who_looks():
    client, broken = signed_in(person("admin")), []
    for page in pages():
        if page.path.startswith(("/accounts/logout", "/accounts/mfa/webauthn/keys")):
            continue
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page.path)
        if answer.status_code >= 500 or (written(queries) and not page.path.startswith(("/accounts/", "/ping/"))):
            broken.append((page.path, answer.status_code, written(queries)))
    assert broken == []


def test_every_api_operation_asks_for_a_token():
    client, wrong = Client(), []
    for operation in operations():
        if operation.is_open:
            continue
        for token in ("", "sp_wrong"):
            answer = call(client, operation, token)
            if (answer.status_code, answer.headers["Content-Type"]) != (401, "application/problem+json"):
                wrong.append((operation.method, operation.path, answer.status_code))
    assert wrong == []


def test_a_token_without_the_permission_gets_nothing():
    raw, client, wrong = token_of(person("admin"), "audit.read"), Client(), []
    for operation in operations():
        if operation.is_open or operation.path in OWN_API:
            continue
        with CaptureQueriesContext(connection) as queries:
            answer = call(client, operation, raw)
        refused = {401} if operation.path.startswith(OF_MACHINES) else REFUSED
        if answer.status_code not in refused or written(queries):
            wrong.append((operation.method, operation.path, answer.status_code, written(queries)))
    assert wrong == []


def test_a_token_that_may_only_read_changes_nothing():
    reader = person("auditor")
    scopes = ("business.read", "watch.read", "respond.read", "recover.read", "inform.read", "rehearse.read")
    raw, client, wrong = token_of(reader, *scopes, "review.read", "people.read"), Client(), []
    for operation in operations():
        with CaptureQueriesContext(connection) as queries:
            answer = call(client, operation, raw)
        if answer.status_code >= 500 or written(queries):
            wrong.append((operation.method, operation.path, answer.status_code, written(queries)))
    assert wrong == []


def test_a_session_changes_nothing_through_the_api_without_its_csrf_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("admin"))
    wrong = []
    for operation in operations():
        if operation.method == "GET" or operation.is_open:
            continue
        answer = call(client, operation)
        if answer.status_code != (401 if operation.path.startswith(OF_MACHINES) else 403):
            wrong.append((operation.method, operation.path, answer.status_code))
    assert wrong == []
