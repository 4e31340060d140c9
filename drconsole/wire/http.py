"""JSON over pinned TLS with Basic authentication: BMCs and arrays.

Four rules that every caller gets for nothing:

- A 401 is final. The client answers later calls itself, because accounts lock.
- A read that dies is Unreachable, a write that dies in the middle is OutcomeUnknown: the other side
  may have done it. A write that was refused a connection is Unreachable: nothing was sent. A page of
  somebody else's, such as a gateway's, counts as a connection that died.
- A body is at most 1 MB and is decoded into a type; what does not fit is a DeviceError.
- One deadline bounds a call whole: waiting for a connection, and every byte of the answer.

A read whose connection died is repeated once, within its deadline. Nothing else is repeated here but
what the caller asks for with `patiently`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from drconsole.errors import (
    DeadlinePassed,
    DeviceError,
    DRConsoleError,
    OutcomeUnknown,
    PinMismatch,
    Unreachable,
    WrongCredentials,
)
from drconsole.settings.secrets import Secret, resolve_for
from drconsole.settings.values import Endpoint
from drconsole.wire.connecting import resolver
from drconsole.wire.refusals import Login
from drconsole.wire.tls import pin_mismatch, pinned_context

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

BODY_CAP = 1_000_000
"""Bytes of an answer that are read before the device is called faulty."""

_READS = frozenset({"GET", "HEAD"})
_IDLE_S = 5.0


class Reply(msgspec.Struct, frozen=True):
    """An answer: its status, its headers (names in lower case) and its body as bytes."""

    about: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def meant(self) -> bool:
        """False for a page of HTML, and for what calls itself JSON and is none: a gateway's, or cut off."""
        if "json" not in self.headers.get("content-type", ""):
            return self.body.lstrip()[:1] != b"<"
        try:
            msgspec.json.decode(self.body or b"null")
        except msgspec.DecodeError:
            return False
        except RecursionError:
            return True  # whoever decodes it into a type says so
        return True

    @property
    def etag(self) -> str:
        """The entity tag, quotes and all, "" where there is none."""
        return self.headers.get("etag", "")

    def skew_s(self) -> float:
        """Returns the other side's clock minus ours, in seconds; 0.0 where it told no time."""
        try:
            told = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            return 0.0
        return (told.astimezone(UTC) - datetime.now(UTC)).total_seconds()

    def decode(self, kind: type[T]) -> T:
        """Returns the body as a value of `kind`. Raises DeviceError for another value, and Unreachable
        where it is no JSON at all: cut off, or garbled under way."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.ValidationError, RecursionError) as error:
            raise DeviceError(
                f"an answer that cannot be read: {error}", about=self.about, code="BAD_ANSWER"
            ) from error
        except msgspec.DecodeError as error:
            raise Unreachable(f"an answer that is no JSON: {error}", about=self.about) from error

    def expect(self) -> Reply:
        """Returns itself if it is a success. Raises DeviceError with the code `HTTP nnn`."""
        if self.ok:
            return self
        text = self.body[:300].decode("utf-8", "backslashreplace")
        raise DeviceError(f"answered {self.status}: {text}", about=self.about, code=f"HTTP {self.status}")


class _Died(Exception):
    """The call was sent, and nothing came back that the other side meant to say."""


class JsonClient:
    """One HTTPS server. `about` names it in errors; the address is HOST:PORT.

    `connect_s` bounds the connection with its handshake, `total_s` a whole call. Open it once, use it
    from many tasks of one event loop, close it. Raises InvalidConfiguration for a malformed pin.
    """

    def __init__(
        self,
        *,
        address: str,
        pin: str,
        username: str,
        password: Secret,
        about: str,
        connect_s: float,
        total_s: float,
    ) -> None:
        self.about = about
        self._address = address
        self._pin = pin
        self._context = pinned_context(pin, about)
        self._username = username
        self._password = password
        self._connect_s = connect_s
        self._total_s = total_s
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._login: Login | None = None

    async def get(self, path: str, kind: type[T]) -> T:
        """Reads `path` as a value of `kind`. Raises DeviceError, Unreachable, WrongCredentials."""
        return (await self.call("GET", path)).expect().decode(kind)

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Makes one call and returns the answer, whatever its status but 401.

        `body` is anything that msgspec writes as JSON. Raises Unreachable, DeadlinePassed,
        PinMismatch, WrongCredentials, and OutcomeUnknown where a write died in the middle. What the
        device refused once in this process is not sent again, whichever client asks.
        """
        login = self._login = self._login or self._new_login()
        sent = asyncio.Event()
        try:
            async with asyncio.timeout(self._total_s), login.in_turn():
                if login.refused:
                    raise self._refused()
                sent.set()
                reply = await self._exchanged(method, path, body, dict(headers or {}))
                login.note(accepted=reply.status != 401)
        except TimeoutError as error:
            text = f"gave no answer within {self._total_s:g} s"
            if not sent.is_set():
                raise DeadlinePassed(f"{text} to an earlier call", about=self.about) from error
            raise self._died(method, text, late=True) from error
        if reply.status == 401:
            raise self._refused()
        return reply

    async def close(self) -> None:
        """Closes the connections. May be repeated."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _new_login(self) -> Login:
        return Login(self._address, self._pin, self._username, self._password)

    def _refused(self) -> WrongCredentials:
        return WrongCredentials(
            "refuses the user name or password; not tried again, because accounts lock",
            about=self.about,
            remedy="correct the password that the configuration refers to; the same one is sent again only "
            "after `drconsole serve --stop`",
        )

    async def _exchanged(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        """A read whose connection died is repeated once: one lost packet of a probe's fifty is no failure."""
        if method in _READS:
            with contextlib.suppress(_Died):
                return await self._tried(method, path, body, dict(headers))
        try:
            return await self._tried(method, path, body, headers)
        except _Died as died:
            raise self._died(method, str(died)) from died

    async def _tried(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        import aiohttp

        try:
            reply = await self._exchange(method, path, body, headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise self._not_connected(error) from error
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise _Died(f"the connection died: {error or type(error).__name__}") from error
        failed = reply.status >= 500 and method not in _READS  # a gateway's page: the device may have acted
        if (reply.ok or failed) and not reply.meant:
            raise _Died("answers with something that is no answer of its own")
        return reply

    async def _exchange(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        data = None if body is None else msgspec.json.encode(body)
        headers.setdefault("Accept", "application/json")
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = _url(self._address, path)
        async with self._session(writes=method not in _READS).request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.content.read(BODY_CAP + 1)
            while len(content) <= BODY_CAP and (more := await answer.content.read(BODY_CAP)):
                content += more
            if len(content) > BODY_CAP:
                answer.close()
                raise DeviceError(f"answers more than {BODY_CAP} bytes", about=self.about, code="TOO_LONG")
            told = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(self.about, answer.status, told, content)

    def _session(self, *, writes: bool) -> aiohttp.ClientSession:
        """Reads share kept connections, and aiohttp repeats one that a stale connection lost. A write
        gets a connection of its own and is sent once: aiohttp would repeat a PUT or DELETE by itself."""
        if writes not in self._sessions:
            session = self._sessions[writes] = self._new_session(fresh=writes)
            session._retry_connection = not writes
        return self._sessions[writes]

    def _new_session(self, *, fresh: bool) -> aiohttp.ClientSession:
        import aiohttp

        if fresh:
            connector = aiohttp.TCPConnector(ssl=self._context, resolver=resolver(), force_close=True)
        else:
            connector = aiohttp.TCPConnector(
                ssl=self._context, resolver=resolver(), keepalive_timeout=_IDLE_S
            )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "Authorization": self._authorisation()},
        )

    def _authorisation(self) -> str:
        password = self._password.reveal(address=self._address, pin=self._pin)
        words = f"{self._username}:{password}".encode()
        return f"Basic {base64.b64encode(words).decode()}"

    def _not_connected(self, error: Exception) -> DRConsoleError:
        if mismatch := pin_mismatch(error):
            return PinMismatch(about=self.about, expected=mismatch.expected, presented=mismatch.presented)
        if isinstance(error, TimeoutError):
            return Unreachable(f"no connection within {self._connect_s:g} s", about=self.about)
        return Unreachable(f"no connection: {error}", about=self.about)

    def _died(self, method: str, text: str, *, late: bool = False) -> DRConsoleError:
        if method not in _READS:
            return OutcomeUnknown(f"{text}; whether it acted is not known", about=self.about)
        return DeadlinePassed(text, about=self.about) if late else Unreachable(text, about=self.about)


def endpoint_client(endpoint: Endpoint, *, about: str, connect_s: float, total_s: float) -> JsonClient:
    """Returns a client of a configured device; its password is revealed for that device alone.

    Raises what `settings.secrets.resolve` raises.
    """
    return JsonClient(
        address=endpoint.address,
        pin=endpoint.pin,
        username=endpoint.username,
        password=resolve_for(endpoint),
        about=about,
        connect_s=connect_s,
        total_s=total_s,
    )


async def patiently(
    call: Callable[[], Awaitable[T]], *, again: Callable[[BaseException], bool], within_s: float
) -> T:
    """Repeats a call that is safe to repeat while `again` says so of its error, with jitter.

    Gives up after `within_s` seconds and raises the last error. Wrong credentials and a wrong pin
    are never repeated, whatever `again` says.
    """
    import tenacity

    def repeat(error: BaseException) -> bool:
        return not isinstance(error, WrongCredentials | PinMismatch) and again(error)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(repeat),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=max(0.2, min(5.0, within_s / 5))),
        stop=tenacity.stop_after_delay(within_s),
        reraise=True,
    )

    async def once() -> T:
        # tenacity awaits what looks like a coroutine function, which a lambda does not.
        return await call()

    return await retrying(once)


def _url(address: str, path: str) -> Any:
    """The path goes out as it is given: names in it are percent-encoded by whoever builds it."""
    import yarl

    return yarl.URL(f"https://{address}{path}", encoded=True)
