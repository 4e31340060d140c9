"""Building an inventory by the vCenter's own handlers, in no time and without a record."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.objects import Endpoint

Result = TypeVar("Result")


class Construction(Call):
    """A call that takes no time and writes nothing: what it builds was there before the world began."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, None, initiator="construction")

    async def take(self, duration: str) -> None:
        """Takes no time."""

    def write(self, effect: str, what: str, **detail: Any) -> None:
        """Writes nothing."""


def done(work: Coroutine[Any, Any, Result]) -> Result:
    """Carries out a handler that has nothing to wait for. Raises RuntimeError where it waits."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    work.close()
    raise RuntimeError("construction must not wait")
