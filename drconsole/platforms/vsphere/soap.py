"""SOAP over pinned TLS: pyVmomi's types become bytes and back, and nothing is decided here.

pyVmomi checks and serialises calls; its own transport is not used, because it knows no deadline for
a whole call and cannot say whether a request was sent when its connection died.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any, NamedTuple, NoReturn

import aiohttp
from pyVmomi import SoapAdapter, VmomiSupport

from drconsole.errors import DeadlinePassed, Unreachable
from drconsole.wire import tls
from drconsole.wire.connecting import resolver

OLDEST = "vim25/6.5"
_COOKIE = "vmware_soap_session"
_CHUNK = 1 << 20
_END = b"Envelope>"
"""With it every reply ends: what lacks it was cut off, or is a page of somebody else's."""
_TURNS = 8
REPLY_LIMIT = 1 << 30
"""Bytes of one reply; a site of 10,000 guests answers with about 120 MB."""
OBJECT_LIMIT = 256 << 20
"""Bytes of a reply that is read whole into pyVmomi's objects."""


class Call(NamedTuple):
    """A checked call that has not been sent: the object, pyVmomi's method, the arguments in order."""

    on: Any
    method: Any
    arguments: list[Any]

    @property
    def name(self) -> str:
        """The method's name on the wire, such as `AddHost_Task`."""
        return str(self.method.wsdlName)

    @property
    def answer(self) -> bytes:
        """The name of the element that its reply consists of, where it is no fault."""
        return f"{self.name}Response".encode()


class Recorder(SoapAdapter.SoapStubAdapterBase):
    """A stub that sends nothing: calling a method on an object that holds it gives a Call."""

    def __init__(self, release: str) -> None:
        super().__init__(version=VmomiSupport.versionMap[release])  # type: ignore[no-untyped-call]
        self.requestContext = None  # read by pyVmomi's SerializeRequest

    def serialise(self, call: Call) -> bytes:
        """Returns the call as a SOAP request."""
        body: bytes = self.SerializeRequest(*call)  # type: ignore[no-untyped-call]
        return body

    def InvokeMethod(self, mo: Any, info: Any, args: list[Any]) -> Call:  # noqa: N802  (pyVmomi's name)
        return Call(mo, info, args)

    def InvokeAccessor(self, mo: Any, info: Any) -> NoReturn:  # noqa: N802  (pyVmomi's name)
        raise TypeError(f"read {type(mo).__name__}.{info.name} with Session.read")


class Lost(Exception):
    """The connection died after the request left: whether it was carried out is not known."""


class Unusable(Unreachable):
    """Somebody answered, and not as a vSphere server does: what became of the request is not known."""


class Soap:
    """One server's `/sdk`. `address` is HOST:PORT, `pin` the certificate's; `about` names it in errors."""

    def __init__(self, address: str, pin: str, *, about: str) -> None:
        self.about = about
        self.url = f"https://{address}/sdk"
        self.cookie = ""
        self.stub = Recorder(OLDEST)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=tls.pinned_context(pin, about),
                limit=16,
                keepalive_timeout=30,
                ttl_dns_cache=60,
                resolver=resolver(),
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_CHUNK,
        )

    async def close(self) -> None:
        """Closes all connections, also those of calls that were given up and whose peer still hangs."""
        await self._http.close()
        for left in [each for each in self._sockets if each.fileno() >= 0]:
            with contextlib.suppress(OSError):
                left.shutdown(socket.SHUT_RDWR)
        for _turn in range(_TURNS):  # of the event loop: it closes what it sees ended
            await asyncio.sleep(0)

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        self._sockets.add(made)
        return made

    def speak(self, api_version: str) -> None:
        """Uses the newest version of the API that both sides know, such as `8.0.3.0`."""
        known = [(_numbers(name), name) for name in VmomiSupport.versionMap if _is_release(name)]
        fitting = [pair for pair in known if pair[0] <= _numbers(api_version)]
        newest = max(fitting, default=(None, OLDEST))[1]
        self.stub = Recorder(newest)

    def record(self, on: Any, method: str, arguments: dict[str, Any]) -> Call:
        """Returns the call of `method` on a managed object, its arguments checked by pyVmomi."""
        call: Call = getattr(type(on)(on._moId, self.stub), method)(**arguments)
        return call

    async def send(self, call: Call, seconds: float) -> Any:
        """Sends a call and returns what pyVmomi makes of the reply: a value, or a fault (not raised).

        Raises Unreachable, DeadlinePassed, PinMismatch where it was not sent or not answered in time,
        Unusable where what came is no reply, and Lost where the connection died after it was sent.
        """
        async with self.post(call, seconds) as answer:
            body = bytearray()
            async for chunk in chunks(answer, OBJECT_LIMIT, self.about):
                body += chunk
        return self.understood(call, body)

    def understood(self, call: Call, body: bytearray) -> Any:
        """Returns a whole reply as pyVmomi's value or fault. Raises Unusable where it is none, or cut off."""
        ends = plain(body, self.about).rstrip().endswith(_END)
        if not ends or not (call.answer in body or b"Fault" in body):
            raise Unusable("sends a reply that is cut off, or none of the vSphere API", about=self.about)
        reader = SoapAdapter.SoapResponseDeserializer(self.stub)
        try:
            return reader.Deserialize(bytes(body), call.method.result)
        except Exception as error:  # the boundary: pyVmomi's parser fails as the reply leads it to
            told = f"{type(error).__name__}: {error}"
            raise Unusable(f"sends a reply that cannot be read: {told}", about=self.about) from error

    @contextlib.asynccontextmanager
    async def post(self, call: Call, seconds: float) -> AsyncIterator[aiohttp.ClientResponse]:
        """Posts a call and gives the reply, status 200 or 500, to be read inside the deadline."""
        body = self.stub.serialise(call)
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": self.stub.versionId,
            "Accept-Encoding": "identity",
        }
        if self.cookie:
            headers["Cookie"] = self.cookie
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.post(
                    self.url, data=body, headers=headers, allow_redirects=False, timeout=_NO_OTHER
                ) as answer,
            ):
                self._take_cookie(answer)
                self._require_soap(answer)
                yield answer
        except TimeoutError as late:
            raise DeadlinePassed(
                f"{call.name} had no answer within {seconds:g} s", about=self.about
            ) from late
        except aiohttp.ClientConnectorError as error:
            raise tls.pin_mismatch(error) or Unreachable(str(error.os_error), about=self.about) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(str(error) or type(error).__name__) from error

    def _take_cookie(self, answer: aiohttp.ClientResponse) -> None:
        for header in answer.headers.getall("Set-Cookie", ()):
            if morsel := SimpleCookie(header).get(_COOKIE):
                self.cookie = f"{_COOKIE}={morsel.coded_value}"

    def _require_soap(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status not in (200, 500):
            raise Unusable(
                f"answered HTTP {answer.status} instead of the vSphere API",
                about=self.about,
                remedy="see whether its services have started",
            )


async def chunks(answer: aiohttp.ClientResponse, limit: int, about: str) -> AsyncIterator[bytes]:
    """Yields a reply's bytes; raises Unusable when they exceed the limit."""
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise Unusable(f"sends a reply of more than {limit} bytes", about=about)
        yield chunk


_NO_OTHER = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


def plain(body: bytearray, about: str) -> bytearray:
    """Returns a reply that is plain XML; raises Unusable for another, or one with a document type.

    No vSphere server sends a document type, and expanding its entities is how parsers are attacked. It
    can only stand before the first element, where nothing but the declaration is allowed here.
    """
    start = bytes(body[:4096]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<?xml"):
        start = start.partition(b"?>")[2].lstrip()
    if (not start and len(body) >= 4096) or (start and (start[:1] != b"<" or start[1:2] in (b"!", b"?"))):
        raise Unusable("does not answer in plain XML", about=about)
    return body


def _is_release(name: str) -> bool:
    return name.startswith("vim25/") and name[6:].replace(".", "").isdigit()


def _numbers(version: str) -> tuple[int, ...]:
    text = version.removeprefix("vim25/")
    return tuple(int(part) for part in text.split(".") if part.isdigit())
