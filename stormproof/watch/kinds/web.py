"""What kinds that ask a web server say alike: the address, headers, who is asking."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stormproof.watch.kinds.kind import FROM_ENV, SEALED, FormField, Path, require_foreign_variable
from stormproof.watch.kinds.targets import SEALED_HELP, Secret

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
_SECRET_WORDS = ("authorization", "cookie", "token", "key", "secret", "password", "signature")


def web_address(url: str) -> str:
    """`url`, when it is a web address without a password; ValueError otherwise."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("this is not a web address: write http://... or https://...")
    if parts.username or parts.password:
        raise ValueError("put the password into auth, where it is kept sealed, not into the address")
    return url


def clean_headers(headers: dict[str, str]) -> dict[str, str]:
    """`headers`, when they can be sent; ValueError otherwise."""
    for name, value in headers.items():
        if not name or any(sign in name + value for sign in "\r\n\x00") or ":" in name or " " in name:
            raise ValueError(f"{name!r} is not a header that can be sent")
        require_foreign_variable(value)
    return headers


WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(web_address)]
Headers = Annotated[dict[str, str], AfterValidator(clean_headers)]


class Auth(BaseModel):
    """Who is asking: a user with a password (basic), or the bearer of a token."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = Field(None, max_length=200, description="The user name of basic authentication.")
    password: Secret | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.token is not None and (self.user is not None or self.password is not None):
            raise ValueError("give a user with a password, or a token, not both")
        if self.token is None and self.user is None:
            raise ValueError("a password needs the user it belongs to")
        if ":" in (self.user or ""):
            raise ValueError("a user name for basic authentication has no colon")
        return self


def headers_of(shape: Any) -> dict[str, str]:
    """The headers to send, authentication included."""
    if shape.auth is None:
        return dict(shape.headers)
    if shape.auth.token is not None:
        return {**shape.headers, "Authorization": f"Bearer {shape.auth.token}"}
    pair = f"{shape.auth.user}:{shape.auth.password or ''}"
    return {**shape.headers, "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def hosts_of(shape: Any) -> list[tuple[str, str]]:
    """The host of the address, for the guard."""
    return [("url", urlsplit(shape.url).hostname or "")]


def web_secrets(config: Mapping[str, Any]) -> list[Path]:
    """Where settings hold secrets: authentication, headers that carry one by their name, what comes from outside."""
    return [
        *(("auth", name) for name in ("password", "token") if name in (config.get("auth") or {})),
        *(("headers", name) for name, value in (config.get("headers") or {}).items() if _is_secret(name, value)),
    ]


def _is_secret(name: str, value: str) -> bool:
    return value.startswith((FROM_ENV, SEALED)) or any(word in name.lower() for word in _SECRET_WORDS)


AUTH_FIELDS = (
    FormField(path="auth.user", label="User", help="For basic authentication. Leave empty when nobody has to sign in."),
    FormField(path="auth.password", label="Password", widget="secret", help=SEALED_HELP),
    FormField(path="auth.token", label="Token", widget="secret", help=f"Sent as a bearer token. {SEALED_HELP}"),
)
HEADERS_FIELD = FormField(
    path="headers",
    label="Headers",
    widget="pairs",
    placeholder="X-Api-Key: env:SHOP_TOKEN",
    help="Name: value, one per line. env:NAME takes the value from the prober's environment.",
)
