"""Where the sign-in library meets the product: mails through the outbox, secrets sealed, every act told as a fact."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from stormproof.core.clock import now
from stormproof.core.outbox import post_message
from stormproof.core.secrets import open_text, seal_text
from stormproof.people.models import User
from stormproof.people.rules import needs_second_factor
from stormproof.people.selectors import actor_for
from stormproof.people.services import (
    note_factor_added,
    note_factor_removed,
    note_password_changed,
    note_sign_in,
)
from stormproof.web.middleware import ENROLLED_HERE

ADDED = {"mfa/email/totp_activated": "totp", "mfa/email/webauthn_added": "webauthn"}
ADDED_CODES = {"mfa/email/recovery_codes_generated": "recovery_codes"}
REMOVED = {"mfa/email/totp_deactivated": "totp", "mfa/email/webauthn_removed": "webauthn"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by e-mail for invited people only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Post the mail to the outbox, where its text is sealed."""
        request = self.request
        mail: EmailMultiAlternatives = self.render_mail(template_prefix, email, {"request": request, **context})
        payload = {"subject": mail.subject, "text": str(mail.body)}
        with transaction.atomic():
            post_message(
                channel="email",
                address=email,
                payload=payload,
                key=f"people:mail:{uuid.uuid4()}",
                at=now(),
                is_reported=False,
            )

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None
    ) -> EmailMultiAlternatives:
        """The mail, signed with this installation's address."""
        full = {**context, "public_url": settings.PUBLIC_URL}
        mail: EmailMultiAlternatives = super().render_mail(template_prefix, email, full, headers)
        return mail

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the fact that the mail is about, then mail the person."""
        _tell_of_factor(self.request, template_prefix, user)
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def post_login(self, request: HttpRequest, user: User, **rest: Any) -> HttpResponse:
        """Tell that the person signed in, and with what."""
        records = get_authentication_records(request, user)
        methods = [str(record.get("type") or record.get("method")) for record in records]
        note_sign_in(user, methods=methods, at=now())
        answer: HttpResponse = super().post_login(request, user, **rest)
        return answer

    def set_password(self, user: User, password: str) -> None:
        """Set the password, tell it, and end the person's other sessions."""
        super().set_password(user, password)
        note_password_changed(user, at=now())

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail leads to the address of the installation, whatever the request called it."""
        link = urlsplit(super().get_reset_password_from_key_url(key))
        return f"{settings.PUBLIC_URL}{link.path}"

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether to ask again who is there: not within ten minutes after the person proved it in this session."""
        request = context.request
        records = get_authentication_records(request, request.user)
        latest = max((float(record["at"]) for record in records), default=0.0)
        return time.time() - latest > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No toast for what the page already shows: signing in and out say nothing."""
        template = kwargs.get("message_template") or (args[2] if len(args) > 2 else "")
        if template not in {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}:
            super().add_message(*args, **kwargs)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets sealed at rest; the last one of a person who must have one stays."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return seal_text(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return open_text(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Refuse to remove the last passkey or app of a person whose role needs one."""
        user = authenticator.user
        if not needs_second_factor(user.roles, settings.MFA_REQUIRED_ROLES):
            return True
        kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        others = Authenticator.objects.filter(user=user, type__in=kinds).exclude(pk=authenticator.pk)
        return bool(others.exists())

    def _get_site_name(self) -> str:
        return "Stormproof"


def end_other_sessions(request: HttpRequest, user: User) -> int:
    """Sign `user` out everywhere but here; returns how many sessions ended."""
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key or "")
    keys = list(others.values_list("session_key", flat=True))
    for key in keys:
        SessionStore(key).delete()
    others.delete()
    return len(keys)


def _tell_of_factor(request: HttpRequest, template_prefix: str, user: User) -> None:
    at = now()
    if template_prefix in ADDED:
        note_factor_added(user, kind=ADDED[template_prefix], at=at)
        request.session[ENROLLED_HERE] = True
        end_other_sessions(request, user)  # they began without the factor that this one has just shown
    elif template_prefix in ADDED_CODES:
        note_factor_added(user, kind=ADDED_CODES[template_prefix], at=at)
    elif template_prefix in REMOVED:
        note_factor_removed(user, kind=REMOVED[template_prefix], actor=actor_for(user), at=at)
