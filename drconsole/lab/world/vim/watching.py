"""What a client is told of changes: property filters, and updates in the order they happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from drconsole.lab.world.vim.new import new

if TYPE_CHECKING:
    from drconsole.lab.world.vim.objects import Endpoint, ManagedObject
    from drconsole.lab.world.vim.selection import Selection

Kind = Literal["enter", "modify", "leave"]


class Content(msgspec.Struct, frozen=True):
    """An ObjectContent still to be written: the wire takes each value from the object's cache."""

    item: Any
    paths: tuple[str, ...]


class Change(msgspec.Struct, frozen=True):
    """An ObjectUpdate still to be written."""

    kind: Kind
    item: Any
    paths: tuple[str, ...]


class Filter:
    """A property filter at work: it collects what changed since its client last asked."""

    def __init__(
        self, endpoint: Endpoint, selection: Selection, reference: Any, wake: Callable[[], None]
    ) -> None:
        self.reference = reference
        self._endpoint = endpoint
        self._selection = selection
        self._wake = wake
        self._known: dict[str, ManagedObject] = {}
        self._dirty: dict[str, set[str]] = {}
        self._moved = True
        endpoint.listeners.add(self.changed)

    def close(self) -> None:
        """Stops watching."""
        self._endpoint.listeners.discard(self.changed)

    def restart(self) -> None:
        """Forgets what was told, so that the next updates are the whole set."""
        self._known, self._moved = {}, True
        self._dirty.clear()

    def changed(self, item: ManagedObject, roots: frozenset[str] | None) -> None:
        """Hears of a change in the endpoint."""
        if roots is None or roots & self._selection.structure:
            self._moved = True
        elif item.moid not in self._known:
            return
        if roots and item.moid in self._known:
            self._dirty.setdefault(item.moid, set()).update(roots)
        self._wake()

    def updates(self) -> Iterator[Change]:
        """Yields what is new and counts it as told."""
        dirty, self._dirty = self._dirty, {}
        if self._moved:
            self._moved = False
            now = self._selection.objects(self._endpoint)
            before, self._known = self._known, now
            for moid, item in before.items():
                if moid not in now:
                    dirty.pop(moid, None)
                    yield Change("leave", item, ())
            for moid, item in now.items():
                if moid not in before:
                    dirty.pop(moid, None)
                    yield Change("enter", item, self._selection.paths(item) or ())
        for moid, roots in dirty.items():
            item = self._known[moid]
            paths = tuple(p for p in self._selection.paths(item) or () if _root(p) in roots)
            if paths:
                yield Change("modify", item, paths)


class Watch:
    """The filters of one collector in one session, and its place in the sequence of updates."""

    def __init__(self) -> None:
        self.filters: dict[str, Filter] = {}
        self.waiter: object = None
        self._woken = asyncio.Event()
        self._version = 0
        self._last: tuple[str, Any] = ("", None)
        self._waiting: list[tuple[Filter, list[Change]]] = []

    def wake(self) -> None:
        """Lets a waiting call look again."""
        self._woken.set()

    def cancel(self) -> None:
        """Ends a waiting call with RequestCanceled."""
        self.waiter = None
        self.wake()

    def restart(self) -> None:
        """Starts the sequence anew."""
        self._waiting.clear()
        for item in self.filters.values():
            item.restart()

    def repeats(self, version: str) -> Any:
        """Returns the last updates again when a client asks from before them: its answer was lost."""
        return self._last[1] if version == self._last[0] and self._version else None

    def knows(self, version: str) -> bool:
        """Says whether updates can go on from a version."""
        return version in {"", str(self._version)}

    def collect(self, version: str, limit: int | None) -> Any:
        """Returns an UpdateSet of what is new, None where nothing is. `limit` counts objects."""
        self._woken.clear()
        for item in self.filters.values():
            changes = list(item.updates())
            if changes:
                self._waiting.append((item, changes))
        sets = list(self._taken(limit or 500))
        if not sets:
            return None
        self._version += 1
        update = new(
            "UpdateSet", version=str(self._version), filterSet=sets, truncated=bool(self._waiting) or None
        )
        self._last = (version, update)
        return update

    async def changed(self) -> None:
        """Waits until something may be new."""
        await self._woken.wait()

    def _taken(self, limit: int) -> Iterator[Any]:
        while self._waiting and limit > 0:
            item, changes = self._waiting[0]
            taken, left = changes[:limit], changes[limit:]
            limit -= len(taken)
            update = new("PropertyFilterUpdate", filter=item.reference)
            # The wire writes these from cached fragments; they are no data objects.
            update.__dict__["objectSet"] = taken
            yield update
            if left:
                self._waiting[0] = (item, left)
            else:
                self._waiting.pop(0)


def _root(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]
