"""A world that is one file: every effect is a line, and what has a line is so."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

from drconsole.errors import DeviceError, DRConsoleError, Refused, Unreachable, WrongCredentials
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import Settings

_KINDS: dict[str, type[DRConsoleError]] = {
    "unreachable": Unreachable,
    "device": DeviceError,
    "refused": Refused,
    "credentials": WrongCredentials,
}


class World:
    """Effects on disk, shared by every process that opens the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def effects(self) -> list[str]:
        return self.path.read_text().splitlines()

    def repeated(self) -> list[str]:
        return [key for key, count in Counter(self.effects()).items() if count > 1]

    def write(self, key: str) -> None:
        """One write of one line: it is there or not, never half."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, f"{key}\n".encode())
        finally:
            os.close(descriptor)


class Effect:
    """Does what its arguments say: `seconds` to take, `fails` times to fail, `hidden` never to show."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.acts: Counter[str] = Counter()
        self.working = 0
        self.most = 0

    async def observe(self, work: Work) -> Done | None:
        if work.step.arguments.get("hidden"):
            return None
        if work.step.key in self._world.effects():
            return Done(result={"of": work.step.key, **work.step.arguments.get("result", {})})
        return None

    async def act(self, work: Work) -> None:
        arguments = work.step.arguments
        self.acts[work.step.key] += 1
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            await asyncio.sleep(arguments.get("seconds", 0))
            if self.acts[work.step.key] <= arguments.get("fails", 0):
                raise _KINDS[arguments.get("kind", "device")]("says no", about=work.step.object)
            if arguments.get("bug"):
                raise ValueError("a mistake")
            self._world.write(work.step.key)
            if arguments.get("unknown") and self.acts[work.step.key] == 1:
                raise Unreachable("the connection died after the act")
        finally:
            self.working -= 1


class WorldRoom:
    """A room whose handlers act on a world. `undo` are the steps of its cleanup, `does` the others."""

    def __init__(self, world: World, undo: tuple[Step, ...] = (), does: tuple[Step, ...] = ()) -> None:
        self.effect = Effect(world)
        self.undo = undo
        self.does = does

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return self.does

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return self.undo

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {"world.effect": self.effect}
