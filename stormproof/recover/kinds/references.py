"""Secrets by reference: `env:NAME` and `sealed:...` in a step, opened only on the worker and only for the step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from stormproof.core.secrets import CannotOpenSecret, open_text
from stormproof.recover.kinds.contract import CannotRunStep

ENV, SEALED = "env:", "sealed:"
OWN = ("STORMPROOF_", "DATABASE_URL", "DJANGO_")  # Stormproof's own settings are nobody's parameters


def is_reference(text: object) -> bool:
    """Whether `text` stands for a secret that is kept elsewhere."""
    return isinstance(text, str) and text.startswith((ENV, SEALED))


def fault_of_reference(text: str) -> str:
    """Why the reference `text` may not be used, or ""."""
    name = text.removeprefix(ENV)
    if text.startswith(ENV) and (name.startswith(OWN) or not name.replace("_", "a").isalnum()):
        return f"{text} cannot be used in a step: give the value a name of its own, such as env:SHOP_DATABASE"
    return ""


def references_in(value: Any) -> list[str]:
    """All references in `value`, in order."""
    if is_reference(value):
        return [value]
    if isinstance(value, Mapping):
        return [found for inner in value.values() for found in references_in(inner)]
    if isinstance(value, list | tuple):
        return [found for inner in value for found in references_in(inner)]
    return []


def open_reference(text: str) -> str:
    """The secret that `text` stands for; raises `CannotRunStep` when this worker does not have it."""
    fault = fault_of_reference(text)
    if fault:
        raise CannotRunStep(fault)
    if text.startswith(SEALED):
        try:
            return open_text(text.removeprefix(SEALED))
        except CannotOpenSecret as error:
            raise CannotRunStep(str(error)) from error
    name = text.removeprefix(ENV)
    if name not in os.environ:
        raise CannotRunStep(f"{text} is not set on this worker: start it with {name} in its environment")
    return os.environ[name]


def secrets_of(value: Any, opened: list[str]) -> list[str]:
    """What must never be shown of `value`: the opened references and the passwords in its addresses."""
    found = list(opened)
    for text in texts_in(value):
        try:
            password = urlsplit(text).password if "://" in text else None
        except ValueError:
            password = None
        if password:
            found += [password, unquote(password)]
    return found


def texts_in(value: Any) -> list[str]:
    """Every text in `value`, at any depth."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in texts_in(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in texts_in(inner)]
    return []
