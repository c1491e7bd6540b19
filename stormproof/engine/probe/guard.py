"""Which addresses this program may be sent to: the one door for every outgoing connection a user can name.

A name is resolved here, each address is judged, and the caller connects to the judged address, so a name that
answers differently the second time (DNS rebinding) gains nothing. Private, loopback, link-local and other
non-public ranges pass only inside the operator's allowed networks; cloud metadata addresses pass only when allowed
as exactly that one address (a /32 or /128).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Where clouds answer with credentials: AWS, GCP, Azure, DigitalOcean, OpenStack (169.254.169.x), AWS ECS and EKS
# (169.254.170.x), Alibaba, Oracle, Azure's wire server, and the IPv6 addresses of AWS and GCP.
METADATA = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.169.0/24",
        "169.254.170.0/24",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
    )
)

# The IANA special-purpose registries, in words. Listed here rather than left to `is_global`, whose answer differs
# between Python releases.
NOT_PUBLIC = tuple(
    (ipaddress.ip_network(text), words)
    for text, words in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier-grade NAT address"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("64:ff9b:1::/48", "a private address"),
        ("100::/64", "a discard address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
        ("5f00::/16", "a reserved address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
    )
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


class AddressRefused(Exception):
    """The target lies where this installation may not connect. The message names the address, why and the way out."""


class NameNotFound(Exception):
    """The name does not resolve to any address."""


@dataclass(frozen=True)
class Target:
    """One judged address to connect to; `host` stays the name for TLS and the Host header."""

    host: str
    address: str
    port: int
    family: socket.AddressFamily


def plain_address(text: str) -> Address:
    """The address that packets to `text` really reach: IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) unwrapped."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@dataclass(frozen=True)
class Guard:
    """Judges addresses for an installation that allows itself the private networks `allowed`."""

    allowed: tuple[Network, ...] = ()

    def fault_of(self, text: str) -> str:
        """Why the address `text` may not be reached, or "" when it may."""
        address = plain_address(text)
        if _in_any(address, METADATA):
            exact = ipaddress.ip_network(address)
            return "" if exact in self.allowed else "a cloud metadata address"
        if _in_any(address, self.allowed):
            return ""
        for network, words in NOT_PUBLIC:
            if address.version == network.version and address in network:
                return words
        return ""

    def require_address(self, text: str) -> None:
        """Raise `AddressRefused` unless the address `text` may be reached."""
        fault = self.fault_of(text)
        if fault:
            raise AddressRefused(_refusal(text, text, fault))

    def require_written_host(self, host: str) -> None:
        """Raise `AddressRefused` when `host` can be refused without asking DNS: an address in any spelling, localhost.

        For the moment a person types a target in. A name passes here and is judged at each connection.
        """
        bare = host.strip("[]")
        if bare.rstrip(".").lower() == "localhost" or bare.lower().endswith(".localhost"):
            bare = "127.0.0.1"
        try:
            found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (socket.gaierror, UnicodeError):
            return
        for _, _, _, _, sockaddr in found:
            self.require_address(str(sockaddr[0]))

    def judge(self, host: str, found: Iterable[tuple[socket.AddressFamily, str, int]]) -> list[Target]:
        """The targets among `found` that may be reached; raises `AddressRefused` when none may."""
        good: list[Target] = []
        refused = ""
        for family, address, port in found:
            fault = self.fault_of(address)
            if fault:
                refused = refused or _refusal(host, address, fault)
            else:
                good.append(Target(host, address, port, family))
        if good:
            return good
        if refused:
            raise AddressRefused(refused)
        raise NameNotFound(f"{host} has no address")

    async def resolve(self, host: str, port: int) -> list[Target]:
        """Judged targets of `host`, asked of DNS just now. Raises `AddressRefused` or `NameNotFound`."""
        bare = host.strip("[]")
        if _is_address(bare):
            family = socket.AF_INET6 if ":" in bare else socket.AF_INET
            return self.judge(host, [(family, bare, port)])
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(bare, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameNotFound(f"{host} does not resolve: {error}") from error
        return self.judge(host, _found(infos))

    def resolve_now(self, host: str, port: int) -> list[Target]:
        """As `resolve`, for blocking callers."""
        try:
            infos = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameNotFound(f"{host} does not resolve: {error}") from error
        return self.judge(host, _found(infos))

    def connect_now(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connected TCP socket to a judged address of `host`, for blocking callers (smtplib, http.client)."""
        failure: OSError | None = None
        for target in self.resolve_now(host, port):
            try:
                return socket.create_connection((target.address, target.port), timeout=timeout_s)
            except OSError as error:
                failure = error
        raise failure or OSError(f"cannot connect to {host}")


def _refusal(host: str, address: str, fault: str) -> str:
    where = address if host.strip("[]") == address else f"{host} is {address}, which"
    way_out = f"STORMPROOF_ALLOWED_NETWORKS={ipaddress.ip_network(plain_address(address))}"
    return f"{where} is {fault}: not allowed here; the operator can allow it with {way_out}"


def _found(
    infos: Iterable[tuple[int, int, int, str, tuple[object, ...]]],
) -> list[tuple[socket.AddressFamily, str, int]]:
    seen = {
        (socket.AddressFamily(family), str(address[0]), int(str(address[1]))): None
        for family, _, _, _, address in infos
    }
    return list(seen)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _in_any(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
