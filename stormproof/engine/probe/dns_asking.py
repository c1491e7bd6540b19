"""Asks name servers: by UDP, by TCP when the answer is long, a bounded number of times for one look."""

from __future__ import annotations

from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver
import dns.rrset

from stormproof.engine.probe.attempt import CannotTell, WrongAnswer
from stormproof.engine.probe.guard import Guard

MOST_QUESTIONS = 60
PAYLOAD = 1232  # what passes everywhere without fragments
TRIES = 3


@dataclass(frozen=True)
class Server:
    """One address to ask; it has been judged."""

    address: str
    port: int = 53


async def resolvers(written: str, *, guard: Guard) -> list[Server]:
    """The resolver a user wrote (`1.1.1.1`, `dns.example:5353`, `[::1]:53`), or those of this machine for ""."""
    if not written:
        try:
            known = dns.resolver.Resolver().nameservers
        except dns.exception.DNSException:
            known = []
        found = [Server(str(address)) for address in known if isinstance(address, str)]
        if not found:
            raise CannotTell("this machine has no resolver of its own; name one in resolver")
        return found
    host, _, port = written.rpartition(":") if written.count(":") == 1 or "]:" in written else (written, "", "53")
    return [Server(target.address, target.port) for target in await guard.resolve(host.strip("[]"), int(port))]


class Asker:
    """Asks for one look; `WrongAnswer` when there are too many questions or the answers cannot be read."""

    def __init__(self, servers: list[Server], *, wait_s: float) -> None:
        self._servers, self._wait_s, self._left = servers, wait_s, MOST_QUESTIONS

    async def ask(self, name: dns.name.Name, kind: str, *, secured: bool = False) -> dns.message.Message:
        """The answer of the first server that gives one. `secured` asks for signatures, checked here and not there."""
        question = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD, want_dnssec=secured)
        if secured:
            question.flags |= dns.flags.CD
        failure: Exception = TimeoutError()
        for number in range(max(TRIES, len(self._servers))):
            self._left -= 1
            if self._left < 0:
                raise WrongAnswer(f"more than {MOST_QUESTIONS} questions are needed; the chain of names leads nowhere")
            try:
                return await self._ask_one(question, self._servers[number % len(self._servers)])
            except (dns.exception.DNSException, OSError, EOFError) as error:
                failure = error
        if isinstance(failure, dns.exception.Timeout | TimeoutError):
            raise TimeoutError from failure
        if isinstance(failure, OSError):
            raise failure
        raise WrongAnswer(f"the name server's answer cannot be read: {type(failure).__name__}") from failure

    async def _ask_one(self, question: dns.message.Message, server: Server) -> dns.message.Message:
        answer, _ = await dns.asyncquery.udp_with_fallback(
            question, server.address, port=server.port, timeout=self._wait_s, ignore_unexpected=True, ignore_errors=True
        )
        return answer


def rrset_of(
    section: list[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """The records of that name and kind in a section, or None."""
    return next((each for each in section if each.name == name and each.rdtype == kind), None)


def signatures_of(
    section: list[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """The signatures over the records of that name and kind, or None."""
    wanted = dns.rdatatype.RRSIG
    return next((one for one in section if one.name == name and one.rdtype == wanted and one.covers == kind), None)
