"""Which rooms take part in a run, found by the names that the configuration uses.

A room is imported when it is first asked for. Tests hand rooms of their own to the runner and the
planner; the product has only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from drconsole.errors import InvalidConfiguration
from drconsole.model.step import Handlers, Step
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.contract import Platform
from drconsole.settings.values import Settings


class Room(Protocol):
    """What takes part in a run: it gives steps, and the handlers that carry them out."""

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps of its stages."""
        ...

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """Gives the steps that undo them."""
        ...

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        """Binds the handlers that both kinds of steps name."""
        ...


class PackagedRoom:
    """A room of this product: a package with a module `steps` and a module `handlers`."""

    def __init__(self, package: str) -> None:
        self._package = package

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
