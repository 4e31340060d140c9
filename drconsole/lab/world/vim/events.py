"""What happened, as a vSphere client reads it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import ManagedObject, computed
from drconsole.lab.world.vim.registry import wsdl_type

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

KEPT = 2_000
"""How many events an endpoint remembers."""


class EventHistoryCollector(ManagedObject):
    """A client's place in the events."""

    wsdl = "EventHistoryCollector"
    prefix = "session-events"

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._page = 10
        self._read_to = 0

    @computed("latestPage")
    def _latest(self) -> Any:
        return list(reversed(self._matching()[-self._page :]))

    async def ReadNextEvents(self, call: Call, maxCount: int) -> Any:
        fresh = [event for event in self._matching() if event.key > self._read_to][:maxCount]
        if fresh:
            self._read_to = fresh[-1].key
        return fresh

    async def ReadPreviousEvents(self, call: Call, maxCount: int) -> Any:
        earlier = [event for event in self._matching() if event.key <= self._read_to][-maxCount:]
        if earlier:
            self._read_to = earlier[0].key - 1
        return list(reversed(earlier))

    async def RewindCollector(self, call: Call) -> None:
        self._read_to = 0

    async def ResetCollector(self, call: Call) -> None:
        matching = self._matching()
        self._read_to = matching[-1].key if matching else 0

    async def SetCollectorPageSize(self, call: Call, maxCount: int) -> None:
        self._page = maxCount
        self.touch("latestPage")

    async def DestroyCollector(self, call: Call) -> None:
        self.endpoint.remove(self)

    def _matching(self) -> list[Any]:
        return self.endpoint.single(EventManager).matching(self.props["filter"])


class EventManager(ManagedObject):
    """The events of an endpoint, newest last."""

    wsdl = "EventManager"
    defaults: ClassVar[dict[str, Any]] = {"maxCollector": 32}

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._events: deque[Any] = deque(maxlen=KEPT)
        self._count = 0

    @computed("description")
    def _description(self) -> Any:
        return new("EventDescription", category=[], eventInfo=[], enumeratedTypes=[])

    @computed("latestEvent")
    def _latest(self) -> Any:
        return self._events[-1] if self._events else None

    def post(self, kind: str, message: str, user: str = "", **values: Any) -> None:
        """Records an event, such as `VmPoweredOnEvent`; `values` are its own properties."""
        self._count += 1
        self._events.append(
            new(
                kind,
                key=self._count,
                chainId=self._count,
                createdTime=self.world.clock.now(),
                userName=user,
                fullFormattedMessage=message,
                **values,
            )
        )
        self.touch("latestEvent")
        for collector in self.endpoint.of(EventHistoryCollector):
            collector.touch("latestPage")

    def matching(self, wanted: Any) -> list[Any]:
        """Returns the events that an EventFilterSpec takes: by type, time and entity."""
        kinds = tuple(wsdl_type(name) for name in wanted.eventTypeId if name.isidentifier())
        since = wanted.time.beginTime if wanted.time else None
        about = wanted.entity.entity._moId if wanted.entity and wanted.entity.recursion == "self" else None
        return [
            event
            for event in self._events
            if (not kinds or isinstance(event, kinds))
            and (since is None or event.createdTime >= since)
            and (about is None or about in _entities(event))
        ]

    async def CreateCollectorForEvents(self, call: Call, filter: Any) -> Any:
        made = EventHistoryCollector(self.endpoint, filter=filter)
        self.endpoint.objects[made.moid] = made
        if call.session is not None:
            call.session.closing.append(lambda: self.endpoint.remove(made))
        return made.ref()

    async def QueryEvents(self, call: Call, filter: Any) -> Any:
        return self.matching(filter)


def _entities(event: Any) -> set[str]:
    found = (getattr(event, name, None) for name in ("vm", "host", "computeResource", "datacenter", "ds"))
    references = (
        getattr(argument, name, None)
        for argument in found
        if argument is not None
        for name in ("vm", "host", "computeResource", "datacenter", "datastore")
    )
    return {reference._moId for reference in references if reference is not None}
