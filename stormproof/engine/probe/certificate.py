"""What is wrong with a TLS certificate, in words, and how long a good one lasts."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

_WORDS = {
    10: "its certificate has expired",
    9: "its certificate is not valid yet",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in one nobody vouches for",
    20: "its certificate is signed by an authority that is not trusted here",
    21: "its certificate chain is incomplete",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}  # OpenSSL's X509_V_ERR_* numbers


def say_tls_error(error: ssl.SSLError, *, where: str) -> str:
    """Why the TLS connection to `where` was not made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{where}: {_WORDS.get(error.verify_code, error.verify_message)}"
    return f"{where} does not speak TLS properly: {error.reason or error}"


def expires_at(certificate: dict[str, object]) -> datetime:
    """When a verified certificate (as `SSLObject.getpeercert` gives it) ends."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), tz=UTC)
