"""Pinned TLS: the only place that makes an SSLContext.

A certificate is trusted because its fingerprint was pinned, never because of a name or an
authority: BMCs, hypervisors and management servers sign their own. The comparison sits inside the
handshake, so that no client library can skip it: not on a retry, not on a reused context, not on a
redirect to another machine. No byte of a request leaves before it.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from typing import TYPE_CHECKING, Any

from drconsole.errors import DeadlinePassed, InvalidConfiguration, PinMismatch, Unreachable
from drconsole.wire.connecting import connected

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PIN = re.compile(r"[0-9a-f]{64}")


class RefusedPeer(PinMismatch, ConnectionError):
    """A PinMismatch that client libraries pass on as what it also is: a connection that failed.

    Event loops log other exceptions of a handshake with a stack; aiohttp puts this one into its
    ClientConnectorError: see `pin_mismatch`.
    """


class PinnedContext(ssl.SSLContext):
    """An SSLContext that finishes a handshake only with the certificate of its pin.

    Works wherever a context is taken: http.client, pyVmomi, asyncio, aiohttp. Raises
    `errors.PinMismatch` out of `wrap_socket`, `connect` and asyncio's handshake.
    """

    pin: str
    about: str

    def __new__(cls, *_args: Any, **_named: Any) -> PinnedContext:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, pin: str, about: str) -> None:
        self.pin = normal_pin(pin, about=about)
        self.about = about
        _loosen(self)
        self.sslsocket_class = _PinnedSocket
        self.sslobject_class = _PinnedObject

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:
        """Wraps a socket. A handshake is always made at once: a later one could be made by a read."""
        if named.get("do_handshake_on_connect", True) is not True or named.get("server_side"):
            raise ValueError("a pinned context makes its handshakes itself, as a client")
        return super().wrap_socket(*args, **named)

    def refuse(self, presented: bytes | None) -> RefusedPeer | None:
        """Returns the error for a certificate (DER) that is not the pinned one, None for the pinned."""
        found = fingerprint(presented or b"")
        if found == self.pin:
            return None
        return RefusedPeer(about=self.about, expected=self.pin, presented=found)


class _PinnedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        assert isinstance(self.context, PinnedContext)
        if error := self.context.refuse(self.getpeercert(True)):
            self.close()
            raise error


class _PinnedObject(ssl.SSLObject):
    proved = False

    def do_handshake(self) -> None:
        super().do_handshake()
        assert isinstance(self.context, PinnedContext)
        if error := self.context.refuse(self.getpeercert(True)):
            raise error
        self.proved = True

    # OpenSSL would make a missing handshake by itself at the first read or write.
    def read(self, len: int = 1024, buffer: Buffer | None = None) -> Any:
        self._require_proof()
        return super().read(len, buffer) if buffer is not None else super().read(len)

    def write(self, data: Any) -> int:
        self._require_proof()
        return super().write(data)

    def _require_proof(self) -> None:
        if not self.proved:
            raise ssl.SSLError("no byte goes over a connection whose certificate was not compared")


def pinned_context(pin: str, about: str) -> ssl.SSLContext:
    """Returns a context that accepts one certificate and no other, TLS 1.2 or newer.

    `pin` is `sha256:` and 64 hexadecimal digits (colons and capitals are allowed); `about` names
    the other side in a PinMismatch. Raises InvalidConfiguration for a pin that is none.
    """
    return PinnedContext(pin, about)


def trusted_context() -> ssl.SSLContext:
    """Returns a context that asks the system's authorities and compares the name, TLS 1.2 or newer.

    For servers that are no devices of a site and have a certificate of the public kind: whoever is
    told of a run. Devices are pinned.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def pin_mismatch(error: BaseException | None) -> PinMismatch | None:
    """Finds the PinMismatch inside an error of a client library, or None."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, PinMismatch):
            return error
        seen.add(id(error))
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return None


def normal_pin(pin: str, *, about: str = "") -> str:
    """Returns a pin as `sha256:` and 64 lower-case digits. Raises InvalidConfiguration."""
    digits = pin.strip().lower().removeprefix("sha256:").replace(":", "")
    if not _PIN.fullmatch(digits):
        raise InvalidConfiguration(
            "the pin is not a SHA-256 fingerprint", about=about, expected="sha256: and 64 hexadecimal digits"
        )
    return f"sha256:{digits}"


def fingerprint(der: bytes) -> str:
    """Returns the pin of a certificate in DER: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


async def fetch_pin(host: str, port: int, timeout: float) -> str:  # noqa: ASYNC109  (it raises our own error)
    """Reads the fingerprint of the certificate that HOST:PORT shows, sends nothing and closes.

    `timeout` is seconds. Trusts nothing: whether the fingerprint is right is the caller's decision.
    Raises Unreachable where nobody answers or no TLS is spoken, DeadlinePassed where it is late.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _loosen(context)
    return fingerprint(await _shown(host, port, context, timeout))


async def pinned_certificate(host: str, port: int, pin: str, within_s: float) -> bytes:
    """Returns the certificate (DER) that HOST:PORT shows, if it is the pinned one; sends nothing and closes.

    Raises PinMismatch for another one, else as `fetch_pin`.
    """
    return await _shown(host, port, pinned_context(pin, f"{host}:{port}"), within_s)


async def _shown(host: str, port: int, context: ssl.SSLContext, within_s: float) -> bytes:
    about = f"{host}:{port}"
    try:
        _, writer = await connected(host, port, within_s=within_s, context=context)
    except TimeoutError as late:
        raise DeadlinePassed(f"showed no certificate within {within_s:g} s", about=about) from late
    except (OSError, EOFError) as error:
        raise pin_mismatch(error) or Unreachable(f"showed no certificate: {error}", about=about) from error
    certificate: bytes | None = writer.get_extra_info("ssl_object").getpeercert(True)
    writer.transport.abort()
    if not certificate:
        raise Unreachable("showed no certificate", about=about)
    return certificate


def _loosen(context: ssl.SSLContext) -> None:
    """Names and authorities prove nothing here; a renegotiation could change the certificate."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
