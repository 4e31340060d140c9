"""Tasks: what a `*_Task` method answers, and what becomes of it in simulated time."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.events import EventManager
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import ManagedEntity, ManagedObject, computed

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

KEPT = 500
"""How many finished tasks an endpoint remembers."""


class Task(ManagedObject):
    """A running or finished operation; `done` is set when it ended, one way or the other."""

    wsdl = "Task"
    prefix = "task"
    defaults: ClassVar[dict[str, Any]] = {"customValue": [], "availableField": [], "value": []}

    def begin(self, method: str, entity: ManagedObject, user: str) -> None:
        """Starts the record of a method on an object, by a user."""
        now = self.world.clock.now()
        self.done = asyncio.Event()
        # A host's manager is no entity: its tasks are the host's.
        shown = entity if isinstance(entity, ManagedEntity) else getattr(entity, "host", None)
        self.set(
            info=new(
                "TaskInfo",
                key=self.moid,
                task=self.ref(),
                descriptionId=f"{entity.wsdl}.{method.removesuffix('_Task')}",
                entity=None if shown is None else shown.ref(),
                entityName=None if shown is None else shown.value("name"),
                state="running",
                cancelled=False,
                cancelable=False,
                reason=new("TaskReasonUser", userName=user),
                queueTime=now,
                startTime=now,
                progress=0,
                eventChainId=int(self.moid.rpartition("-")[2]),
            )
        )

    @property
    def state(self) -> str:
        """`queued`, `running`, `success` or `error`."""
        return str(self.props["info"].state)

    def report(self, percent: int) -> None:
        """Shows progress."""
        self.set(info=changed(self.props["info"], progress=percent))

    def succeed(self, result: Any) -> None:
        """Ends it with a result, None where the method has none."""
        self._end(state="success", result=result)

    def fail(self, error: Any) -> None:
        """Ends it with a fault."""
        self._end(state="error", error=error)

    def _end(self, **ending: Any) -> None:
        now = self.world.clock.now()
        self.set(info=changed(self.props["info"], completeTime=now, progress=None, **ending))
        self.done.set()

    async def CancelTask(self, call: Call) -> None:
        raise fault("NotSupported", "this task cannot be cancelled")


class TaskManager(ManagedObject):
    """The tasks of an endpoint, oldest first."""

    wsdl = "TaskManager"
    defaults: ClassVar[dict[str, Any]] = {"maxCollector": 32}

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self._tasks: list[Task] = []

    @computed("recentTask")
    def _recent(self) -> Any:
        return [task.ref() for task in self._tasks[-20:]]

    @computed("description")
    def _description(self) -> Any:
        return new("TaskDescription", methodInfo=[], state=[], reason=[])

    def _beyond(self) -> list[Task]:
        """Returns the oldest finished tasks beyond those that are kept."""
        finished = (task for task in self._tasks if task.done.is_set())
        return list(islice(finished, max(0, len(self._tasks) - KEPT)))

    def start(self, method: str, entity: ManagedObject, user: str) -> Task:
        """Makes a task and forgets the oldest finished ones."""
        for old in self._beyond():
            self._tasks.remove(old)
            self.endpoint.remove(old)
        task = Task(self.endpoint)
        self._tasks.append(task)
        task.begin(method, entity, user)
        self.endpoint.add(task)
        self.touch("recentTask")
        self.endpoint.single(EventManager).post("TaskEvent", f"Task: {method}", user, info=task.props["info"])
        return task
