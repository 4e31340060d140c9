"""Which rooms take part in a run, found by the names that the configuration uses.

A room is imported when it is first asked for. Tests hand rooms of their own to the runner and the
planner; the product has only these.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

from drconsole.errors import DRConsoleError, InvalidConfiguration
from drconsole.model.step import Handlers, Step
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.contract import Platform
from drconsole.settings.values import Settings

CLOSE_S = 10.0
"""How long a runner that has ended waits for one room's farewells."""


class Room(Protocol):
    """What takes part in a run: it gives steps, and the handlers that carry them out."""

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps of its stages."""
        ...

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps that undo them."""
        ...

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        """Binds the handlers that both kinds of steps name; a mapping may be Closing."""
        ...


@runtime_checkable
class Closing(Protocol):
    """Handlers of a room that have something open, such as sessions: the mapping itself closes it."""

    async def close(self) -> None:
        """Lets go of it. What is at the other end may be gone already."""
        ...


async def close_all(parts: Sequence[Handlers]) -> None:
    """Closes what the rooms' handlers have open; nobody waits long for a machine that was wiped."""
    for part in parts:
        if isinstance(part, Closing):
            with contextlib.suppress(DRConsoleError, OSError):
                async with asyncio.timeout(CLOSE_S):
                    await part.close()


class PackagedRoom:
    """A room of this product: a package with a module `steps` and a module `handlers`."""

    def __init__(self, package: str) -> None:
        self._package = package

    def load(self) -> None:
        """Imports what carries its steps out."""
        import_module(f"{self._package}.handlers")

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps of its stages."""
        return cast("Room", import_module(f"{self._package}.steps")).steps(plan)

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps that undo them."""
        return cast("Room", import_module(f"{self._package}.steps")).cleanup_steps(plan)

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        """Binds the handlers that both kinds of steps name."""
        return cast("Room", import_module(f"{self._package}.handlers")).handlers(settings, plan)


PLATFORMS: Mapping[str, tuple[str, str]] = {
    "vsphere": ("drconsole.platforms.vsphere.platform", "VSpherePlatform"),
}
"""`[site.NAME] platform` → the module and the class that speak it."""

REPLICATION = PackagedRoom("drconsole.replication")
PROVISIONING = PackagedRoom("drconsole.provisioning")


def platform_of(settings: Settings, site: str) -> Platform:
    """Returns the platform of a configured site. Raises InvalidConfiguration for an unknown one."""
    name = settings.sites[site].platform
    if name not in PLATFORMS:
        raise InvalidConfiguration(
            f"platform {name} does not exist", about=f"site {site}", expected=f"one of {', '.join(PLATFORMS)}"
        )
    module, kind = PLATFORMS[name]
    return cast("Platform", getattr(import_module(module), kind)())


def rooms_of(settings: Settings, site: str) -> tuple[Room, ...]:
    """Returns the rooms of a site's recovery, in the order in which a cleanup goes through them."""
    return platform_of(settings, site), REPLICATION, PROVISIONING


def load_rooms(settings: Settings, site: str) -> None:
    """Imports all rooms of a site's recovery, which takes seconds where the machine is busy."""
    for room in rooms_of(settings, site):
        if isinstance(room, PackagedRoom):
            room.load()
