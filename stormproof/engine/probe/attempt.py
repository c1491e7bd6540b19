"""Runs one look within its time, and says in words why there was no answer: the same words for every protocol."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from stormproof.engine.probe.certificate import say_tls_error
from stormproof.engine.probe.guard import AddressRefused, NameNotFound
from stormproof.engine.probe.outcome import Outcome, Stopwatch, refusal, say_error


class WrongAnswer(Exception):
    """The target answered, but not so that it works; the message says why."""


class CannotTell(Exception):
    """Nothing can be learned about the target from here; the message says why and the way out."""


async def attempt(
    look: Callable[[Stopwatch], Awaitable[Outcome]], *, deadline_s: float, where: Callable[[], str] | str
) -> Outcome:
    """What `look` finds within `deadline_s` seconds; every failure of a connection to `where` becomes an outcome."""
    watch = Stopwatch()
    try:
        async with asyncio.timeout(deadline_s):
            return await look(watch)
    except (AddressRefused, CannotTell) as error:
        return refusal(str(error))
    except (NameNotFound, WrongAnswer) as error:
        return watch.failure(str(error))
    except TimeoutError:
        return watch.too_late(deadline_s)
    except (OSError, EOFError) as error:
        place = where if isinstance(where, str) else where()
        said = say_tls_error(error, where=place) if isinstance(error, ssl.SSLError) else say_error(error, where=place)
        return watch.failure(said)
