"""The key exchange of SSH (RFC 4253, RFC 8731), as far as a server must go to prove that it holds its host key."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from stormproof.engine.probe.attempt import WrongAnswer

AGENT = b"SSH-2.0-Stormproof_Prober"
LONGEST_PACKET = 35000  # RFC 4253, 6.1
MOST_PACKETS = 20
KEXINIT, DISCONNECT, ECDH_INIT, ECDH_REPLY = 20, 1, 30, 31
EXCHANGES = (b"curve25519-sha256", b"curve25519-sha256@libssh.org")
CIPHERS = b"aes128-ctr,aes256-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
MACS = b"hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1"
# By kind of key: those of one kind prove the same key.
HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    b"ecdsa-sha2-nistp256": hashes.SHA256(),
    b"ecdsa-sha2-nistp384": hashes.SHA384(),
    b"ecdsa-sha2-nistp521": hashes.SHA512(),
    b"rsa-sha2-512": hashes.SHA512(),
    b"rsa-sha2-256": hashes.SHA256(),
}


@dataclass(frozen=True)
class HostKey:
    """A host key the server proved to hold."""

    algorithm: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As OpenSSH writes it: `SHA256:` and 43 characters."""
        return f"SHA256:{base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip('=')}"


class _Parts:
    """Reads the parts of a packet one after the other; `WrongAnswer` at what is cut off."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> bytes:
        part = self._data[self._at : self._at + length]
        if len(part) < length:
            raise WrongAnswer("the SSH server sends a packet that is cut off")
        self._at += length
        return part

    def text(self) -> bytes:
        return self.take(int(struct.unpack(">I", self.take(4))[0]))


def host_key_algorithms(offered: Sequence[str], *, besides: str) -> list[str]:
    """The further algorithms among `offered` that would show another key than the one of `besides`."""
    known = "rsa" if besides.startswith("rsa") else besides
    found: dict[str, str] = {}
    for algorithm in HOST_KEYS:
        kind = "rsa" if algorithm.startswith("rsa") else algorithm
        if algorithm in offered and kind != known:
            found.setdefault(kind, algorithm)
    return list(found.values())


async def exchange_keys(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, server_banner: bytes, only: str | None
) -> tuple[HostKey, list[str]]:
    """The proven host key, and the algorithms the server offers. The banners have been exchanged before."""
    ours = _our_offer([only] if only else list(HOST_KEYS))
    writer.write(_packet(ours))
    theirs = await _read_packet(reader, KEXINIT)
    offered, algorithm = _agreed(theirs, [only] if only else list(HOST_KEYS))
    private = X25519PrivateKey.generate()
    ours_public = private.public_key().public_bytes_raw()
    writer.write(_packet(bytes([ECDH_INIT]) + _text(ours_public)))
    parts = _Parts(await _read_packet(reader, ECDH_REPLY))
    parts.take(1)
    blob, their_public, signature = parts.text(), parts.text(), parts.text()
    try:
        secret = private.exchange(X25519PublicKey.from_public_bytes(their_public))
    except ValueError as error:
        raise WrongAnswer("the SSH server sends a public value that is none") from error
    hashed = hashlib.sha256(
        b"".join(map(_text, (AGENT, server_banner, ours, theirs, blob, ours_public, their_public))) + _number(secret)
    ).digest()
    _verify(blob, signature, hashed)
    return HostKey(algorithm, blob), offered


def _our_offer(host_keys: Sequence[str]) -> bytes:
    lists = [
        b",".join(EXCHANGES),
        ",".join(host_keys).encode(),
        CIPHERS,
        CIPHERS,
        MACS,
        MACS,
        b"none",
        b"none",
        b"",
        b"",
    ]
    return bytes([KEXINIT]) + os.urandom(16) + b"".join(map(_text, lists)) + b"\0" * 5


def _agreed(offer: bytes, host_keys: Sequence[str]) -> tuple[list[str], str]:
    parts = _Parts(offer)
    parts.take(17)
    exchanges, offered = parts.text().split(b","), parts.text().decode(errors="replace").split(",")
    if not set(EXCHANGES) & set(exchanges):
        raise WrongAnswer("the SSH server offers no curve25519 key exchange, so its host key cannot be proven")
    algorithm = next((name for name in host_keys if name in offered), None)
    if algorithm is None:
        raise WrongAnswer(f"the SSH server has no host key of a kind known here; it offers {', '.join(offered)[:200]}")
    return offered, algorithm


def _verify(blob: bytes, signature: bytes, hashed: bytes) -> None:
    """Raise `WrongAnswer` unless `signature` over the exchange was made by the key in `blob`."""
    parts = _Parts(signature)
    algorithm, value = parts.text(), parts.text()
    kind = _Parts(blob).text()
    try:
        key = load_ssh_public_key(kind + b" " + base64.b64encode(blob))
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, hashed)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(value, hashed, padding.PKCS1v15(), _HASHES[algorithm])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            pair = _Parts(value)
            r, s = (int.from_bytes(pair.text(), "big") for _ in range(2))
            key.verify(encode_dss_signature(r, s), hashed, ec.ECDSA(_HASHES[algorithm]))
        else:
            raise WrongAnswer("the SSH server shows a host key of a kind not known here")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError) as error:
        raise WrongAnswer("the SSH server does not hold the host key it shows: the signature is wrong") from error


async def _read_packet(reader: asyncio.StreamReader, wanted: int) -> bytes:
    """The payload of the next packet of that kind; others, such as debug messages, are passed over."""
    for _ in range(MOST_PACKETS):
        length = int.from_bytes(await reader.readexactly(4), "big")
        if not 5 <= length <= LONGEST_PACKET:
            raise WrongAnswer("the SSH server sends a packet of an impossible length")
        packet = await reader.readexactly(length)
        payload = packet[1 : length - packet[0]]
        if payload[:1] == bytes([wanted]):
            return payload
        if payload[:1] == bytes([DISCONNECT]):
            raise WrongAnswer("the SSH server ends the conversation")
    raise WrongAnswer("the SSH server does not exchange keys")


def _packet(payload: bytes) -> bytes:
    padding_length = 8 - (len(payload) + 5) % 8
    padding_length += 8 if padding_length < 4 else 0
    return struct.pack(">IB", len(payload) + padding_length + 1, padding_length) + payload + os.urandom(padding_length)


def _text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _number(data: bytes) -> bytes:
    """A positive number in the writing of RFC 4251 (mpint)."""
    bare = data.lstrip(b"\0")
    return _text(b"\0" + bare if bare and bare[0] & 0x80 else bare)
