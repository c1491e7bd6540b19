"""Sign-in through the pages: password, authenticator app, recovery codes, limits, sessions."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client

from stormproof.core.clock import now
from stormproof.core.models import FactRecord, Message
from stormproof.core.secrets import open_text
from stormproof.people import services
from stormproof.people.models import User
from stormproof.people.selectors import actor_for
from tests.people.make import AT, PASSWORD, actor, code_of, person, secret_of, signed_in, with_app
from tests.people.test_links import mailed_token, setup_token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_from_before():
    cache.clear()


@pytest.fixture
def admins_need_a_second_factor(settings):
    settings.MFA_REQUIRED_ROLES = ("admin",)


def sign_in(client: Client, user: User, password: str = PASSWORD, **more):
    return client.post("/accounts/login/", {"login": user.email, "password": password, **more})


def facts(name: str) -> list[dict]:
    return list(FactRecord.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


def test_a_stranger_is_sent_to_the_sign_in_page_and_then_back():
    client, user = Client(), person("auditor")
    answer = client.get("/settings/people/?q=a")
    assert answer.headers["Location"] == "/accounts/login/?next=/settings/people/%3Fq%3Da"
    answer = sign_in(client, user, next="/settings/people/?q=a")
    assert answer.headers["Location"] == "/settings/people/?q=a"
    assert facts("SignedIn") == [{"user_id": user.pk, "methods": ["password"]}]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_leads_to_no_other_site(target):
    answer = sign_in(Client(), person("auditor"), next=target)
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_sound_the_same():
    client, user = Client(), person("auditor")
    wrong = client.post("/accounts/login/", {"login": user.email, "password": "no"})
    unknown = client.post("/accounts/login/", {"login": "nobody@shop.example", "password": "no"})

    def error(answer):
        return re.search(r'role="alert">(.*?)</div>\s*</div>', answer.content.decode(), re.DOTALL)[1]

    assert error(wrong) == error(unknown)
    assert not facts("SignedIn")


def test_guessing_passwords_is_stopped_after_five_tries():
    client, user = Client(), person("auditor")
    for _ in range(5):
        sign_in(client, user, "wrong")
    answer = sign_in(client, user)
    assert "Too many failed login attempts" in answer.content.decode()
    assert not facts("SignedIn")


def test_somebody_who_was_switched_off_cannot_sign_in_and_is_signed_out():
    user = person("auditor")
    client = signed_in(user)
    assert client.get("/settings/profile/").status_code == 200
    services.deactivate_user(user, actor=actor("admin"), at=AT)
    assert client.get("/settings/profile/").status_code == 302
    sign_in(Client(), user)
    assert not facts("SignedIn")


def test_nobody_signs_up_by_themselves():
    answer = Client().post(
        "/accounts/signup/", {"email": "eve@shop.example", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "By invitation only" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.usefixtures("admins_need_a_second_factor")
@pytest.mark.django_db(transaction=True)
def test_the_set_up_page_makes_an_administrator_who_then_sets_up_an_app():
    client, token = Client(), setup_token(at=now())
    page = client.get(f"/set-up/{token}/")
    assert "Welcome" in page.content.decode()
    said = {"email": "ada@shop.example", "name": "Ada", "password": PASSWORD, "again": PASSWORD}
    answer = client.post(f"/set-up/{token}/", said)
    assert answer.headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/accounts/mfa/"
    assert client.get("/settings/people/").headers["Location"] == "/accounts/mfa/"
    page = client.get("/accounts/mfa/totp/activate/")
    secret = re.search(r'id="authenticator_secret" value="([A-Z2-7]+)"', page.content.decode())[1]
    assert client.post("/accounts/mfa/totp/activate/", {"code": "000000"}).status_code == 200
    answer = client.post("/accounts/mfa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302
    assert client.get("/settings/people/").status_code == 200
    ada = User.objects.get()
    assert secret_of(ada) == secret
    assert secret not in str(Authenticator.objects.get(user=ada, type="totp").data)
    assert facts("MfaEnrolled") == [{"user_id": ada.pk, "kind": "totp"}]
    assert client.get(f"/set-up/{token}/").status_code == 410


def test_a_wrong_repetition_of_the_password_makes_nobody():
    client, token = Client(), setup_token(at=now())
    said = {"email": "ada@shop.example", "name": "Ada", "password": PASSWORD, "again": "another"}
    answer = client.post(f"/set-up/{token}/", said)
    assert "not the same password" in unescape(answer.content.decode())
    assert not User.objects.exists()


@pytest.mark.usefixtures("admins_need_a_second_factor")
def test_the_app_is_asked_for_and_a_code_works_once():
    admin = person("admin")
    secret = with_app(admin)
    client = Client()
    assert sign_in(client, admin).headers["Location"] == "/accounts/mfa/authenticate/"
    assert client.get("/settings/people/").headers["Location"].startswith("/accounts/login/")
    code = code_of(secret)
    assert client.post("/accounts/mfa/authenticate/", {"code": code}).headers["Location"] == "/"
    assert client.get("/settings/people/").status_code == 200
    assert facts("SignedIn") == [{"user_id": admin.pk, "methods": ["password", "totp"]}]
    other = Client()
    sign_in(other, admin)
    assert other.post("/accounts/mfa/authenticate/", {"code": code}).status_code == 200
    assert other.get("/settings/people/").status_code == 302


def test_a_recovery_code_works_once():
    admin = person("admin")
    with_app(admin)
    code = RecoveryCodes.activate(admin).get_unused_codes()[0]
    first, second = Client(), Client()
    sign_in(first, admin)
    assert first.post("/accounts/mfa/authenticate/", {"code": code}).headers["Location"] == "/"
    sign_in(second, admin)
    assert second.post("/accounts/mfa/authenticate/", {"code": code}).status_code == 200


@pytest.mark.usefixtures("admins_need_a_second_factor")
def test_a_session_without_the_factor_does_nothing_where_the_role_needs_one():
    admin = person("admin")
    with_app(admin)
    client = signed_in(admin)  # a session from before the factor, or stolen on the way
    assert client.get("/settings/people/").headers["Location"] == "/accounts/mfa/"
    assert client.post(f"/settings/people/{admin.pk}/roles/", {"roles": []}).headers["Location"] == "/accounts/mfa/"
    assert client.get("/api/v1/people").status_code == 403
    assert client.get("/settings/people/", headers={"HX-Request": "true"}).status_code == 204


@pytest.mark.usefixtures("admins_need_a_second_factor")
def test_the_last_factor_of_somebody_who_needs_one_stays():
    admin = person("admin")
    secret = with_app(admin)
    client = Client()
    sign_in(client, admin)
    client.post("/accounts/mfa/authenticate/", {"code": code_of(secret)})
    client.post("/accounts/mfa/totp/deactivate/", {})
    assert Authenticator.objects.filter(user=admin, type="totp").exists()


@pytest.mark.django_db(transaction=True)
def test_setting_up_a_factor_ends_the_other_sessions():
    user = person("auditor")
    here, there = Client(), Client()
    sign_in(there, user)
    sign_in(here, user)
    page = here.get("/accounts/mfa/totp/activate/")
    secret = re.search(r'id="authenticator_secret" value="([A-Z2-7]+)"', page.content.decode())[1]
    here.post("/accounts/mfa/totp/activate/", {"code": code_of(secret)})
    assert here.get("/settings/profile/").status_code == 200
    assert there.get("/settings/profile/").status_code == 302


def test_an_administrator_removes_the_factors_of_somebody_who_lost_them():
    user = person("responder")
    with_app(user)
    client = Client()
    sign_in(client, person("admin"))
    assert client.post(f"/settings/people/{user.pk}/reset-factors/").status_code == 302
    assert not Authenticator.objects.filter(user=user).exists()
    assert facts("MfaRemoved") == [{"user_id": user.pk, "kind": "totp"}]


def test_sensitive_acts_ask_again_who_is_there():
    admin, user = person("admin"), person("auditor")
    client = signed_in(admin)  # no fresh proof in this session
    answer = client.post(f"/settings/people/{user.pk}/roles/", {"roles": ["admin"]})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    user.refresh_from_db()
    assert user.roles == ["auditor"]
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post(f"/settings/people/{user.pk}/roles/", {"roles": ["admin"]})
    user.refresh_from_db()
    assert user.roles == ["admin"]


def test_a_forgotten_password_is_replaced_by_a_mailed_link_and_old_sessions_end():
    user = person("auditor")
    there, client = Client(), Client()
    sign_in(there, user)
    client.post("/accounts/password/reset/", {"email": user.email})
    token = mailed_token("accounts/password/reset/key")
    answer = client.get(f"/accounts/password/reset/key/{token}/", follow=True)
    path = answer.redirect_chain[-1][0]
    client.post(path, {"password1": "another long sentence", "password2": "another long sentence"})
    user.refresh_from_db()
    assert user.check_password("another long sentence")
    assert facts("PasswordChanged") == [{"user_id": user.pk}]
    assert there.get("/settings/profile/").status_code == 302
    assert client.get("/settings/profile/").status_code == 302  # the link alone signs nobody in


def test_asking_for_an_unknown_address_looks_the_same():
    client, user = Client(), person("auditor")
    known = client.post("/accounts/password/reset/", {"email": user.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@shop.example"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])


def test_an_invited_person_chooses_a_password_and_is_in():
    user = services.invite_user("bob@shop.example", roles=["auditor"], actor=actor("admin"), at=now())
    token, client = mailed_token("invitation"), Client()
    assert "bob@shop.example" in client.get(f"/invitation/{token}/").content.decode()
    client.post(f"/invitation/{token}/", {"name": "Bob", "password": PASSWORD, "again": PASSWORD})
    assert client.get("/settings/people/").status_code == 200
    user.refresh_from_db()
    assert user.name == "Bob"


def test_opening_a_contact_link_changes_nothing_before_the_button_is_pressed():
    user = person("responder")
    point = services.add_contact_point(user, channel="email", address="b@shop.example", actor=actor_for(user), at=now())
    client, token = Client(), mailed_token("contact")
    client.get(f"/contact/{token}/")
    point.refresh_from_db()
    assert point.verified_at is None
    client.post(f"/contact/{token}/")
    point.refresh_from_db()
    assert point.verified_at is not None


def test_cookies_and_headers_are_strict():
    client, user = Client(), person("auditor")
    answer = sign_in(client, user)
    cookie = answer.cookies["stormproof_session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    policy = client.get("/settings/profile/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = client.get("/settings/profile/")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Content-Security-Policy"] != policy


def test_the_mails_of_sign_in_go_through_the_outbox_sealed():
    Client().post("/accounts/password/reset/", {"email": person("auditor").email})
    message = Message.objects.order_by("pk").last()
    assert "reset" not in message.sealed_payload
    assert message.channel == "email"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:6666"])
def test_the_link_in_a_mail_leads_to_the_installation_whatever_the_request_called_it(host, settings):
    settings.PUBLIC_URL = "https://continuity.shop.example"
    Client().post("/accounts/password/reset/", {"email": person("auditor").email}, headers={"Host": host})
    text = json.loads(open_text(Message.objects.order_by("pk").last().sealed_payload))["text"]
    links = re.findall(r"https?://\S+", text)
    assert links[0].startswith("https://continuity.shop.example/accounts/password/reset/key/")
    assert not [link for link in links if host in link]


def test_an_unknown_host_is_refused():
    assert Client().get("/accounts/login/", headers={"Host": "evil.example"}).status_code == 400


def test_who_signed_in_when_is_for_the_person_administrators_and_auditors():
    user = person("responder")
    looks = {role: signed_in(person(role)).get(f"/settings/people/{user.pk}/") for role in ("auditor", "responder")}
    assert "History" in looks["auditor"].content.decode()
    assert "History" not in looks["responder"].content.decode()
    assert "History" in signed_in(user).get(f"/settings/people/{user.pk}/").content.decode()
