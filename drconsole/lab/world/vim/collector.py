"""The PropertyCollector: reading many objects at once, in pages, and waiting for changes."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.dispatch import not_authenticated
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.selection import Selection
from drconsole.lab.world.vim.watching import Content, Filter, Watch

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.sessions import Session

PAGE = 500
"""More objects than this never go out in one answer: others would wait."""


class PropertyFilter(ManagedObject):
    """A filter as the client sees it; `Filter` does its work."""

    wsdl = "PropertyFilter"
    prefix = "filter"

    async def DestroyPropertyFilter(self, call: Call) -> None:
        for collector in self.endpoint.of(PropertyCollector):
            collector.drop(_session(call, self), self.moid)
        self.endpoint.remove(self)


class PropertyCollector(ManagedObject):
    """A property collector. Each session has its own filters and its own place in the updates."""

    wsdl = "PropertyCollector"
    prefix = "collector"

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._pages: dict[str, list[Content]] = {}
        self._tokens = itertools.count(1)

    async def RetrievePropertiesEx(self, call: Call, specSet: Any, options: Any) -> Any:
        contents = [content for spec in specSet for content in self._contents(spec)]
        return self._page(contents, options.maxObjects if options else None)

    async def ContinueRetrievePropertiesEx(self, call: Call, token: str) -> Any:
        contents = self._pages.pop(token, None)
        if contents is None:
            raise fault("InvalidProperty", name=token)
        return self._page(contents, int(token.rpartition("/")[2]))

    async def CancelRetrievePropertiesEx(self, call: Call, token: str) -> None:
        if self._pages.pop(token, None) is None:
            raise fault("InvalidProperty", name=token)

    async def RetrieveProperties(self, call: Call, specSet: Any) -> Any:
        return [content for spec in specSet for content in self._contents(spec)]

    async def CreateFilter(self, call: Call, spec: Any, partialUpdates: bool) -> Any:
        watch = self._watch(_session(call, self))
        made = PropertyFilter(self.endpoint, spec=spec, partialUpdates=partialUpdates)
        watch.filters[made.moid] = Filter(self.endpoint, Selection(spec), made.ref(), watch.wake)
        self.endpoint.objects[made.moid] = made
        watch.wake()
        return made.ref()

    async def CreatePropertyCollector(self, call: Call) -> Any:
        session = _session(call, self)
        made = PropertyCollector(self.endpoint)
        self.endpoint.objects[made.moid] = made
        session.closing.append(lambda: self.endpoint.remove(made))
        return made.ref()

    async def DestroyPropertyCollector(self, call: Call) -> None:
        if self.moid == self.endpoint.content.propertyCollector._moId:
            raise fault("InvalidRequest", "the session's own collector cannot be destroyed")
        session = _session(call, self)
        for moid in tuple(self._watch(session).filters):
            self.drop(session, moid)
        self.endpoint.remove(self)

    async def WaitForUpdatesEx(self, call: Call, version: str | None, options: Any) -> Any:
        seconds = options.maxWaitSeconds if options else None
        limit = options.maxObjectUpdates if options else None
        return await self._wait(call, version or "", seconds, limit)

    async def WaitForUpdates(self, call: Call, version: str | None) -> Any:
        return await self._wait(call, version or "", None, None)

    async def CheckForUpdates(self, call: Call, version: str | None) -> Any:
        return await self._wait(call, version or "", 0, None)

    async def CancelWaitForUpdates(self, call: Call) -> None:
        self._watch(_session(call, self)).cancel()

    def drop(self, session: Session, moid: str) -> None:
        """Ends a filter of a session, if it has it."""
        gone = self._watch(session).filters.pop(moid, None)
        if gone is not None:
            gone.close()
            self.endpoint.objects.pop(moid, None)

    async def _wait(self, call: Call, version: str, seconds: float | None, limit: int | None) -> Any:
        session = _session(call, self)
        watch = self._watch(session)
        if (again := watch.repeats(version)) is not None:
            return again
        if not watch.knows(version):
            raise fault("InvalidCollectorVersion")
        if not version:
            watch.restart()
        # A client whose connection died asks anew: the call that it left behind must take nothing.
        watch.waiter = me = object()
        watch.wake()
        until = None if seconds is None else time.monotonic() + seconds
        while (update := watch.collect(version, limit)) is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return None
            await _first_of(watch, session, left)
            if session.ended.is_set():
                raise not_authenticated(self)
            if watch.waiter is not me:
                raise fault("RequestCanceled")
        return update

    def _watch(self, session: Session) -> Watch:
        key = f"watch/{self.moid}"
        if key not in session.owned:
            watch = session.owned[key] = Watch()
            session.closing.append(lambda: self._forget(watch))
        found: Watch = session.owned[key]
        return found

    def _forget(self, watch: Watch) -> None:
        for moid, item in watch.filters.items():
            item.close()
            self.endpoint.objects.pop(moid, None)
        watch.filters.clear()
        watch.wake()

    def _contents(self, spec: Any) -> list[Content]:
        selection = Selection(spec)
        return [
            Content(item, selection.paths(item) or ()) for item in selection.objects(self.endpoint).values()
        ]

    def _page(self, contents: list[Content], limit: int | None) -> Any:
        size = min(limit or PAGE, PAGE)
        result = new("RetrieveResult")
        # The wire writes these from cached fragments; they are no data objects.
        result.__dict__["objects"] = contents[:size]
        if len(contents) > size:
            token = f"{next(self._tokens)}/{size}"
            self._pages[token] = contents[size:]
            result.__dict__["token"] = token
        return result if contents else None


async def _first_of(watch: Watch, session: Session, seconds: float | None) -> None:
    """Waits for a change, the session's end, or the time."""
    ended = asyncio.ensure_future(session.ended.wait())
    woken = asyncio.ensure_future(watch.changed())
    try:
        await asyncio.wait({ended, woken}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in (ended, woken):
            waiting.cancel()


def _session(call: Call, item: ManagedObject) -> Session:
    if call.session is None:
        raise not_authenticated(item)
    return call.session
