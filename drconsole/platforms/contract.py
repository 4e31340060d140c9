"""What the product asks of a virtualisation platform. VMware's is in `vsphere/`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from drconsole.model.inventory import Snapshot
from drconsole.model.live import HostListing, InventoryChange, SiteCheck
from drconsole.model.step import Handlers, Step
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import Settings, Site

__all__ = ["HostListing", "InventoryChange", "Platform", "Progress", "SiteCheck"]

Progress = Callable[[str], None]
"""Takes one line of narration."""


class Platform(Protocol):
    """One platform. Stateless: each call opens what it needs and closes it."""

    async def check(self, site: Site, settings: Settings) -> SiteCheck:
        """Logs in once and says who answered. Raises Unreachable, WrongCredentials, PinMismatch.

        Only an operator's request calls it: credentials that were refused before, which nothing else
        sends again, are tried this once.
        """
        ...

    async def list_hosts(self, site: Site, settings: Settings) -> tuple[HostListing, ...]:
        """Lists every host, following clusters and folders until the list is complete (R19–R21)."""
        ...

    async def capture(self, site: Site, settings: Settings, profile: str, progress: Progress) -> Snapshot:
        """Captures the elements that the profile names (R13–R24). `profile` is a name or a path."""
        ...

    def watch(self, site: Site, settings: Settings) -> AsyncIterator[tuple[InventoryChange, ...]]:
        """Yields batches of changes for ever; the first batches are the whole inventory."""
        ...

    def steps(self, plan: PlanInput) -> tuple[Step, ...]:
        """Gives the steps of uplinks, import, guests and the platform's part of verify."""
        ...

    def cleanup_steps(self, plan: PlanInput) -> tuple[Step, ...]:
        """Gives the steps that power off and unregister what a drill started."""
        ...

    def handlers(self, settings: Settings, plan: PlanInput) -> Handlers:
        """Binds the handlers that the steps name. Connections are opened at their first use."""
        ...
