"""Logs never carry a secret."""

from __future__ import annotations

import pytest

from stormproof.core.logs import mask_secrets


@pytest.mark.parametrize(
    "name", ["password", "api_key", "Authorization", "set_cookie", "token", "dsn", "client_secret"]
)
def test_what_is_named_like_a_secret_is_masked(name: str) -> None:
    assert mask_secrets(None, "info", {"event": "x", name: "tr0ub4dor"}) == {"event": "x", name: "***"}


def test_a_password_inside_an_address_is_masked() -> None:
    event = mask_secrets(None, "info", {"event": "no answer from postgresql://app:hunter2@db:5432/shop today"})
    assert event == {"event": "no answer from postgresql://app:***@db:5432/shop today"}


def test_a_secret_one_level_down_is_masked() -> None:
    assert mask_secrets(None, "info", {"config": {"url": "https://x", "token": "abc"}}) == {
        "config": {"url": "https://x", "token": "***"}
    }


def test_what_is_no_secret_stays() -> None:
    event = {"event": "worker.job_rescued", "job": 7, "monkey": "ape", "address": "https://shop.example/a"}
    assert mask_secrets(None, "info", dict(event)) == event


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Forbidden (CSRF): /set-up/MQ:1tX:abc-DEF_9/", "Forbidden (CSRF): /set-up/***/"),
        ("Error: /ack/eyJpIjoxfQ:1abcde:xyz", "Error: /ack/***"),
        ("Error: /accounts/password/reset/key/1-set-password/", "Error: /accounts/password/reset/key/***/"),
        ("Bearer sp_qDHsOsrG2T-byteVVfUyOcz8", "Bearer sp_***"),
    ],
)
def test_what_opens_something_by_itself_is_masked(said: str, kept: str) -> None:
    assert mask_secrets(None, "info", {"event": said}) == {"event": kept}
