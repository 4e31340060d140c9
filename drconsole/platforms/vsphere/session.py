"""A session with one vSphere server: logged in once, a deadline on every call, faults as our errors.

A wrong password is never sent twice (accounts lock), unless an operator asks for it. Where the session
expires it is renewed once with the credentials that had succeeded, and the call is repeated if it only
reads; a write is the caller's to observe again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

from pyVmomi import vim, vmodl

from drconsole.errors import DeadlinePassed, DRConsoleError, OutcomeUnknown, Unreachable, WrongCredentials
from drconsole.platforms.vsphere import faults
from drconsole.platforms.vsphere.soap import Call, Lost, Soap, Unusable
from drconsole.settings import secrets
from drconsole.settings.values import Endpoint, Settings

_READS = re.compile(
    r"Retrieve|ContinueRetrieve|Query|Find|Get|Current|Wait|CheckFor|Create(ContainerView|Filter|Property)|"
    r"Destroy(View|Property)|CancelRetrieve|BrowseDiagnostic|SearchDatastore"
)
before_writing: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("before_writing", default=None)
"""Awaited before each call that changes something, where the task at work has set it. A run's steps set
their `Work.check` here: of an act with ten calls none is made after the run was taken over."""

_POLL_FIRST, _POLL_MOST = 0.05, 1.0
_refused: set[bytes] = set()
"""Credentials that were refused in this process, hashed: they are not sent again."""

T = TypeVar("T")


class Session:
    """A logged-in connection to a vCenter or an ESXi host. Open it with `Session.open`.

    `content` is the server's ServiceContent as pyVmomi's object. Managed objects of replies are
    references: methods go through `invoke`, properties through `read`. Any number of tasks may use
    one session at once.
    """

    def __init__(self, soap: Soap, endpoint: Endpoint, settings: Settings) -> None:
        self.soap = soap
        self.about = soap.about
        self.address = endpoint.address
        self.call_seconds = settings.deadlines["vcenter-call"]
        self.generation = 0
        self.content: Any = None
        self._endpoint = endpoint
        self._login_lock = asyncio.Lock()

    @classmethod
    async def open(
        cls, endpoint: Endpoint, settings: Settings, *, pin: str = "", about: str = "", asked: bool = False
    ) -> Session:
        """Connects, logs in once, and returns the session.

        `pin` stands in for the endpoint's, `about` is the server's name for errors. Credentials that
        were refused before are only sent again where `asked`: an operator's own request, never a
        schedule's. Raises Unreachable, DeadlinePassed, PinMismatch, WrongCredentials,
        InvalidConfiguration.
        """
        if pin:
            endpoint = Endpoint(
                address=endpoint.address, username=endpoint.username, password=endpoint.password, pin=pin
            )
        soap = Soap(endpoint.address, endpoint.pin, about=about or endpoint.address)
        session = cls(soap, endpoint, settings)
        try:
            await session._connect(asked=asked)
        except BaseException:
            await soap.close()
            raise
        return session

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Logs out as far as the server still answers, and closes the connections."""
        try:
            logout = self.soap.record(self.content.sessionManager, "Logout", {})
            await self.soap.send(logout, min(self.call_seconds, 5.0))
        except (DRConsoleError, Lost):
            pass  # the session ends by itself on a server that does not answer
        finally:
            await self.soap.close()

    async def invoke(
        self, on: Any, method: str, /, *, _about: str = "", _seconds: float | None = None, **arguments: Any
    ) -> Any:
        """Calls `method` (as on the wire) of a managed object and returns pyVmomi's result.

        `_about` names the object for errors, `_seconds` replaces the usual deadline. Raises Fault,
        Unreachable, DeadlinePassed where a read is late, and for methods that change something
        OutcomeUnknown where they are late, the connection died in the middle or the session had expired.
        """
        call = self.soap.record(on, method, arguments)
        seconds = self.call_seconds if _seconds is None else _seconds
        about = _about or name_of(on)

        async def attempt() -> Any:
            return self.raised(await self.soap.send(call, seconds), about)

        prove = before_writing.get()
        if prove is not None and not is_read(call.name):
            await prove()
        return await self.repeating(call, attempt, about, seconds)

    async def repeating(
        self, call: Call, attempt: Callable[[], Awaitable[T]], about: str, seconds: float
    ) -> T:
        """Runs one attempt at a call, and a second one where the session or the line was lost, both and
        the login between them within `seconds`.

        The second is only for reads. `attempt` raises Lost, Expired or any error of ours. What may have
        been done all the same is OutcomeUnknown: a late write too, and one that somebody else answered.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._twice(call, attempt, about)
        except TimeoutError as late:
            raise self._late(call.name, about, seconds) from late
        except (DeadlinePassed, Unusable) as error:
            if is_read(call.name):
                raise
            raise OutcomeUnknown(f"{error.message}; whether it acted is not known", about=about) from error

    def _late(self, name: str, about: str, seconds: float) -> DRConsoleError:
        if is_read(name):
            return DeadlinePassed(f"{name} had no answer within {seconds:g} s", about=self.about)
        told = f"{name} had no answer within {seconds:g} s; whether it acted is not known"
        return OutcomeUnknown(told, about=about)

    async def _twice(self, call: Call, attempt: Callable[[], Awaitable[T]], about: str) -> T:
        generation = self.generation
        try:
            return await attempt()
        except Expired as gone:
            await self._log_in_again(generation)
            if not is_read(call.name):
                raise OutcomeUnknown(f"the session expired before {call.name}", about=about) from gone
        except Lost as gone:
            if not is_read(call.name):
                raise OutcomeUnknown(f"the connection died in {call.name}: {gone}", about=about) from gone
        except Unusable:
            if not is_read(call.name):
                raise
        try:
            return await attempt()
        except (Expired, Lost) as gone:
            raise Unreachable(f"the connection died in {call.name}: {gone}", about=self.about) from gone

    def raised(self, reply: Any, about: str) -> Any:
        """Returns a reply that is none of the server's faults; raises the error for one that is."""
        if not isinstance(reply, vmodl.MethodFault | vmodl.RuntimeFault):
            return reply
        if faults.is_expired(reply):
            raise Expired("the session has expired")
        raise faults.error_of(reply, about=about)

    async def read(self, on: Any, *paths: str) -> dict[str, Any]:
        """Reads properties of one managed object; unset ones are absent. Values are pyVmomi's."""
        spec = vmodl.query.PropertyCollector.FilterSpec(
            objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=on)],
            propSet=[vmodl.query.PropertyCollector.PropertySpec(type=type(on), pathSet=list(paths))],
        )
        reply = await self.invoke(
            self.content.propertyCollector,
            "RetrievePropertiesEx",
            specSet=[spec],
            options=vmodl.query.PropertyCollector.RetrieveOptions(),
            _about=name_of(on),
        )
        found = reply.objects if reply else []
        return {prop.name: prop.val for content in found for prop in content.propSet}

    async def wait_task(self, task: Any, deadline: float, *, about: str = "") -> Any:
        """Waits until a task has ended, for at most `deadline` seconds, and returns its result.

        Raises Fault for a task that failed, DeadlinePassed for one that still works, OutcomeUnknown
        for one that the server has forgotten.
        """
        about = about or name_of(task)
        pause = _POLL_FIRST
        try:
            async with asyncio.timeout(deadline):
                while True:
                    await asyncio.sleep(pause)
                    ended = await self._task(task, about, "info.state", "info.error", "info.result")
                    if ended["info.state"] in ("success", "error"):
                        break
                    pause = min(pause * 1.5, _POLL_MOST)
        except TimeoutError as late:
            raise DeadlinePassed(f"the task still works after {deadline:g} s", about=about) from late
        if error := ended.get("info.error"):
            raise faults.error_of(error, about=about)
        return ended.get("info.result")

    async def _task(self, task: Any, about: str, *paths: str) -> dict[str, Any]:
        try:
            return await self.read(task, *paths)
        except faults.Fault as fault:
            if fault.code != "ManagedObjectNotFound":
                raise
            raise OutcomeUnknown("the server has forgotten the task", about=about) from fault

    async def _connect(self, *, asked: bool) -> None:
        instance = vim.ServiceInstance("ServiceInstance")
        self.content = await self.invoke(instance, "RetrieveServiceContent")
        self.soap.speak(self.content.about.apiVersion)
        await self._log_in(asked=asked)

    async def _log_in(self, *, asked: bool = False) -> None:
        password = secrets.resolve_for(self._endpoint).reveal(
            address=self._endpoint.address, pin=self._endpoint.pin
        )
        mark = self._mark(password)
        if mark in _refused and not asked:
            raise self._wrong("were refused before and are not sent again")
        login = {"userName": self._endpoint.username, "password": password}
        call = self.soap.record(self.content.sessionManager, "Login", login)
        try:
            reply = await self.soap.send(call, self.call_seconds)
        except Lost as gone:
            raise Unreachable(f"the connection died at the login: {gone}", about=self.about) from gone
        if faults.is_refused_login(reply):
            _refused.add(mark)
            raise self._wrong("are refused")
        self.raised(reply, self.about)
        _refused.discard(mark)
        self.generation += 1

    async def _log_in_again(self, generation: int) -> None:
        async with self._login_lock:
            if generation == self.generation:
                self.soap.cookie = ""
                await self._log_in()

    def _mark(self, password: str) -> bytes:
        parts = (self._endpoint.address, self._endpoint.pin, self._endpoint.username, password)
        return hashlib.sha256("\0".join(parts).encode()).digest()

    def _wrong(self, words: str) -> WrongCredentials:
        return WrongCredentials(
            f"the credentials of {self._endpoint.username} {words}",
            about=self.about,
            remedy="correct the password, or unlock the account; then `drconsole site check` tries it once",
        )


class Expired(Exception):
    """The server does not know the session any more."""


def is_read(method: str) -> bool:
    """True for methods that change nothing in the inventory, so that they may be repeated."""
    return _READS.match(method) is not None


def name_of(on: Any) -> str:
    """Returns a managed object's kind and id, such as `HostSystem host-21`."""
    return f"{on._wsdlName} {on._moId}"
