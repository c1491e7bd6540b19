"""Secrets at rest: sealed with a key drawn from the installation's own."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class CannotOpenSecret(Exception):
    """A sealed text was made with another key, or was altered."""


def derived_key(purpose: str) -> bytes:
    """32 bytes drawn from the installation's key for one `purpose` (HKDF-SHA256, RFC 5869)."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=b"stormproof", info=purpose.encode())
    return kdf.derive(settings.SECRET_KEY.encode())


def seal_text(text: str) -> str:
    """`text` encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _fernet().encrypt(text.encode()).decode()


def open_text(sealed: str) -> str:
    """The text that `seal_text` was given; raises `CannotOpenSecret` when the key differs or the text was altered."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpenSecret(
            "a sealed secret cannot be opened: the installation's key (data_dir/secret.key or STORMPROOF_SECRET_KEY)"
            " is not the one it was sealed with"
        ) from error


@lru_cache(maxsize=1)
def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key("secrets at rest")))


def seal_with_token(text: str, token: str) -> str:
    """`text` encrypted for the bearer of `token` alone: what a remote prober needs, unreadable for all in between."""
    return _fernet_of(token).encrypt(text.encode()).decode()


def open_with_token(sealed: str, token: str) -> str:
    """The text that `seal_with_token` was given; raises `CannotOpenSecret` for another token or an altered text."""
    try:
        return _fernet_of(token).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpenSecret("what the server sealed for this token cannot be opened with it") from error


@lru_cache(maxsize=4)
def _fernet_of(token: str) -> Fernet:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=b"stormproof", info=b"plans of a remote prober")
    return Fernet(base64.urlsafe_b64encode(kdf.derive(token.encode())))
