"""What a running lab does when it is asked over its control socket."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drconsole.lab.churn import Tally
    from drconsole.lab.lab import Lab


ALIASES = {"target": "machine", "host": "machine"}
"""What operators call a machine, depending on the side that they look at."""


class Verbs:
    """The control verbs of one lab. `ended` is set by `down`."""

    def __init__(self, lab: Lab, ended: asyncio.Event) -> None:
        self._lab = lab
        self._ended = ended
        self._churn: asyncio.Task[None] | None = None
        self._tally: Tally | None = None

    async def carry_out(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Carries out one verb. Raises ValueError, with what would be right, for what cannot be."""
        match verb:
            case "status":
                return {**self._lab.status(), **self._churned()}
            case "fault":
                return await self._fault(**args)
            case "dump":
                return self._dump(_side(args.get("side")))
            case "churn":
                return self._start_churn(**args)
            case "down":
                self._ended.set()
                return {"pid": os.getpid()}
        raise ValueError(f"no verb {verb}; there are status, fault, dump, churn and down")

    def _dump(self, side: str) -> dict[str, Any]:
        from drconsole.lab.seams import dump

        found: dict[str, Any] = dump(self._lab.world, side)
        return found

    async def _fault(
        self,
        name: str | None = None,
        *,
        clear: bool = False,
        times: int | None = None,
        where: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        world = self._lab.world
        where = {ALIASES.get(key, key): str(value) for key, value in (where or {}).items()}
        self._known(where)
        cleared = 0
        if clear:
            cleared = world.clear_fault(name, **where)
        elif name:
            world.start_fault(name, times=times, **where)
        # The answer means that it is in force: doors have opened and closed.
        await self._lab.listeners.settle()
        return {"cleared": cleared, "faults": self._lab.status()["faults"]}

    def _known(self, where: dict[str, str]) -> None:
        world = self._lab.world
        for key, names in (("machine", world.machines), ("array", world.arrays)):
            if key in where and where[key] not in names:
                raise ValueError(f"no {key} {where[key]}; there are {', '.join(names)}")

    def _start_churn(
        self, *, rate: float = 1.0, operations: int | None = None, stop: bool = False
    ) -> dict[str, Any]:
        """Starts, or stops, and returns how much was done: by a churn that is stopped, all that it did."""
        from drconsole.lab.seams import Tally, churn

        if rate <= 0:
            raise ValueError(f"rate {rate}: must be above 0")
        if self._churn is not None:
            self._churn.cancel()
            self._churn = None
        if not stop:
            self._tally = Tally()
            self._churn = self._lab.world.spawn(churn(self._lab.world, rate, operations, self._tally))
        return {"rate": rate, **self._churned()}

    def _churned(self) -> dict[str, Any]:
        done = self._tally.shown() if self._tally is not None else None
        return {"churning": self._churning, "churned": done}

    @property
    def _churning(self) -> bool:
        return self._churn is not None and not self._churn.done()


def _side(side: object) -> str:
    if side not in {"protected", "recovered"}:
        raise ValueError("side is protected or recovered")
    return str(side)
