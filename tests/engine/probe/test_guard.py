"""Where probes and webhooks may not go."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormproof.engine.probe.guard import METADATA, NOT_PUBLIC, AddressRefused, Guard, NameNotFound, plain_address
from stormproof.engine.probe.guarded_http import guarded_client

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("127.0.0.1", "a loopback address"),
        ("10.1.2.3", "a private address"),
        ("172.31.255.255", "a private address"),
        ("192.168.0.1", "a private address"),
        ("100.64.0.1", "a carrier-grade NAT address"),
        ("169.254.1.1", "a link-local address"),
        ("169.254.169.254", "a cloud metadata address"),
        ("100.100.100.200", "a cloud metadata address"),
        ("168.63.129.16", "a cloud metadata address"),
        ("fd00:ec2::254", "a cloud metadata address"),
        ("0.0.0.0", "an unspecified address"),
        ("::", "an unspecified address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("::ffff:169.254.169.254", "a cloud metadata address"),
        ("::7f00:1", "a loopback address"),
        ("64:ff9b::a00:1", "a private address"),
        ("2002:7f00:1::", "a loopback address"),
        ("fe80::1%eth0", "a link-local address"),
        ("fd12::1", "a private address"),
        ("224.0.0.1", "a multicast address"),
        ("255.255.255.255", "a reserved address"),
        ("8.8.8.8", ""),
        ("2606:4700::1111", ""),
        ("::ffff:8.8.8.8", ""),
    ],
)
def test_an_address_is_judged_by_where_it_really_leads(address: str, fault: str) -> None:
    assert Guard().fault_of(address) == fault


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    guard = Guard((ipaddress.ip_network("10.0.0.0/24"),))
    assert guard.fault_of("10.0.0.9") == ""
    assert guard.fault_of("::ffff:10.0.0.9") == ""
    assert guard.fault_of("10.0.1.9") == "a private address"


def test_cloud_metadata_stays_shut_unless_that_one_address_is_allowed() -> None:
    wide = Guard((ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")))
    exact = Guard((ipaddress.ip_network("169.254.169.254/32"),))
    assert wide.fault_of("169.254.169.254") == "a cloud metadata address"
    assert wide.fault_of("fd00:ec2::254") == "a cloud metadata address"
    assert exact.fault_of("169.254.169.254") == ""
    assert exact.fault_of("169.254.169.253") == "a cloud metadata address"


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    plain = plain_address(str(address))
    if plain.is_private or plain.is_loopback or plain.is_link_local or plain.is_multicast:
        assert Guard().fault_of(str(address))


@given(st.sampled_from([network for network, _ in NOT_PUBLIC] + list(METADATA)), st.integers(min_value=0))
def test_every_address_of_every_listed_range_is_refused(network: ipaddress.IPv4Network, offset: int) -> None:
    assert Guard().fault_of(str(network[offset % network.num_addresses]))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "0x7f.1", "2130706433", "017700000001", "localhost", "a.localhost"]
)
def test_a_written_address_in_any_spelling_is_refused_without_dns(host: str) -> None:
    with pytest.raises(AddressRefused, match="loopback"):
        Guard().require_written_host(host)


def test_a_name_is_left_for_the_moment_of_connecting() -> None:
    Guard().require_written_host("shop.example")


def test_the_refusal_says_how_to_allow_it() -> None:
    with pytest.raises(AddressRefused) as refusal:
        asyncio.run(Guard().resolve("127.0.0.1", 80))
    assert str(refusal.value) == (
        "127.0.0.1 is a loopback address: not allowed here; "
        "the operator can allow it with STORMPROOF_ALLOWED_NETWORKS=127.0.0.1/32"
    )


def test_of_several_addresses_only_the_good_ones_are_used() -> None:
    found = [(socket.AF_INET6, "::1", 80), (socket.AF_INET, "8.8.8.8", 80)]
    assert [target.address for target in Guard().judge("both.example", found)] == ["8.8.8.8"]


def test_a_name_that_only_leads_inside_is_refused_by_name_and_address() -> None:
    with pytest.raises(AddressRefused, match=r"in\.example is 10\.0\.0\.1, which is a private address"):
        Guard().judge("in.example", [(socket.AF_INET, "10.0.0.1", 80)])


def test_an_unknown_name_says_so() -> None:
    with pytest.raises(NameNotFound, match=r"no-such-name\.invalid does not resolve"):
        asyncio.run(Guard().resolve("no-such-name.invalid", 80))


class Redirecting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site():
    server = HTTPServer(("127.0.0.1", 0), Redirecting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_guarded_client_reaches_what_is_allowed_only(site: str) -> None:
    with guarded_client(Guard((LOOPBACK,))) as client:
        assert client.get(site).text == "hello"
    with guarded_client(Guard()) as client, pytest.raises(httpx.ConnectError, match="a loopback address"):
        client.get(site)


def test_a_redirect_to_metadata_is_refused(site: str) -> None:
    with guarded_client(Guard((LOOPBACK,))) as client, pytest.raises(httpx.ConnectError, match="cloud metadata"):
        client.get(f"{site}/away", follow_redirects=True)


def test_the_answer_to_the_second_question_is_not_used(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is judged and connected to; a later, different answer has no way in."""
    port = int(site.rsplit(":", 1)[1])
    real = socket.getaddrinfo
    asked: list[str] = []

    def turncoat(host: object, *args: object, **kwargs: object):  # type: ignore[no-untyped-def]
        if host == "turncoat.example":
            asked.append("asked")
            address = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", turncoat)
    with guarded_client(Guard((ipaddress.ip_network("127.0.0.1/32"),))) as client:
        assert client.get(f"http://turncoat.example:{port}/").text == "hello"
    assert len(asked) == 1
