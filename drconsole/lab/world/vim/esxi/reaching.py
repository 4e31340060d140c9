"""Who manages an endpoint's hosts, and whether they answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from drconsole.lab.world import reach
from drconsole.lab.world.system import System
from drconsole.lab.world.vim.objects import Endpoint

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.world import World


def manager_of(endpoint: Endpoint) -> System | None:
    """Returns the management server whose endpoint this is, None for a host's own."""
    return cast("System | None", getattr(endpoint, "management", None))


def reaches(world: World, manager: System, host: Hypervisor) -> bool:
    """Says whether a management server hears a host at its management interface."""
    listening = host.management_listening()
    return listening is not None and reach.reaches(world, manager, host, listening)
