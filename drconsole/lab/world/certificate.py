"""Certificates that devices make for themselves."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate with its key, both PEM, and the DER that fingerprints are of."""

    pem: str
    key_pem: str
    der: bytes

    @property
    def pin(self) -> str:
        """`sha256:` and 64 hexadecimal digits, as configurations pin it."""
        return f"sha256:{hashlib.sha256(self.der).hexdigest()}"

    @property
    def sha1(self) -> str:
        """The vSphere API's thumbprint: SHA-1, upper case with colons."""
        digest = hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))

    @property
    def sha256(self) -> str:
        """SHA-256, upper case with colons, as newer servers take it."""
        digest = hashlib.sha256(self.der).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def self_signed(name: str, *addresses: str, issuer: str = "") -> Certificate:
    """Makes a P-256 certificate for a name and addresses, valid for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_named(issuer) if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName(_alternatives(name, addresses)), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return Certificate(
        pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key_pem=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        der=certificate.public_bytes(serialization.Encoding.DER),
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _alternatives(name: str, addresses: tuple[str, ...]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
    return [x509.DNSName(name), *found] if name.isascii() else found
