"""Structured logs: one event a line, with the request or job it belongs to, and never a secret."""

from __future__ import annotations

import logging.config
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from stormproof.core.env import Env

_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key|^key$|signature|dsn", re.IGNORECASE
)
_USER_IN_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://[^:/@\s]*):[^@/\s]+@", re.IGNORECASE)
# What opens something by itself: signed links (also those that sign-in mails) and API tokens.
_LINK = re.compile(r"(/(?:set-up|invitation|contact|ack|approve|ping|confirm|leave|key)/)[A-Za-z0-9_.:=-]{8,}")
_API_TOKEN = re.compile(r"\bsp_[A-Za-z0-9_-]{16,}")
MASK = "***"


def set_up_logs(env: Env) -> None:
    """Send our events and those of the libraries, alike, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_settings(env, shared))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put `***` in place of values whose name tells they are secret, of passwords in addresses, links and tokens."""
    return {name: MASK if _SECRET_NAME.search(name) and value else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        value = _USER_IN_ADDRESS.sub(rf"\g<scheme>:{MASK}@", value)
        return _API_TOKEN.sub(f"sp_{MASK}", _LINK.sub(rf"\1{MASK}", value))
    if isinstance(value, dict):
        return {
            name: MASK if isinstance(name, str) and _SECRET_NAME.search(name) and inner else _masked(inner)
            for name, inner in value.items()
        }
    return value


def _settings(env: Env, shared: list[Processor]) -> dict[str, Any]:
    is_console = env.log_format == "console" or (env.log_format == "auto" and sys.stderr.isatty())
    renderer: Processor = structlog.dev.ConsoleRenderer() if is_console else structlog.processors.JSONRenderer()
    level = env.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "one": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "one", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level},
            "django.server": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},  # a 404 is not news; our own line has every status
            "procrastinate": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "aiohttp.access": {"level": "WARNING"},
        },
    }
