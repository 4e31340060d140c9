"""TLS of the lab's doors."""

from __future__ import annotations

import asyncio.sslproto
import ssl
import tempfile

from drconsole.lab.world.certificate import Certificate


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """Returns a context that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads keys from files only.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate.key_pem + certificate.pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def small_buffers() -> None:
    """Makes asyncio's TLS buffers 16 KiB: hundreds of idle connections then cost half the memory."""
    asyncio.sslproto.SSLProtocol.max_size = 16_384
