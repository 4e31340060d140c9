"""One call of a client, as a handler sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drconsole.lab.world.vim.objects import Endpoint
    from drconsole.lab.world.vim.sessions import Session
    from drconsole.lab.world.vim.tasks import Task

STEPS = 5
"""In how many parts a task reports its progress."""


class Call:
    """Who calls, where, and how far the call has come.

    `session` is None before Login; `initiator` says who asked, for the ledger's detail; `task` is
    set while a `*_Task` handler runs.
    """

    def __init__(
        self, endpoint: Endpoint, session: Session | None, *, initiator: str = "", task: Task | None = None
    ) -> None:
        self.endpoint = endpoint
        self.session = session
        self.initiator = initiator
        self.task = task

    @property
    def user(self) -> str:
        """The user's name, empty before Login."""
        return self.session.user if self.session else ""

    async def take(self, duration: str) -> None:
        """Lets a duration of the timing table pass and reports progress on the task."""
        seconds = self.endpoint.world.timing[duration]
        for step in range(1, STEPS + 1):
            await self.endpoint.world.clock.sleep(seconds / STEPS)
            if self.task is not None:
                self.task.report(step * 100 // STEPS - 1)

    def write(self, effect: str, what: str, **detail: Any) -> None:
        """Writes an effect to the ledger, with the endpoint as its actor and who asked for it."""
        told = {"initiator": self.initiator} | detail
        self.endpoint.world.ledger.write(self.endpoint.name, effect, what, **told)
