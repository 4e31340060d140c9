"""Who manages an endpoint's hosts, and whether they answer it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, cast

from drconsole.lab.world import reach
from drconsole.lab.world.system import Listening, System
from drconsole.lab.world.vim.objects import Endpoint

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.world import World


def manager_of(endpoint: Endpoint) -> System | None:
    """Returns the management server whose endpoint this is, None for a host's own."""
    return cast("System | None", getattr(endpoint, "management", None))


def reaches(world: World, manager: System, host: Hypervisor) -> bool:
    """Says whether a management server hears a host at its management interface.

    The same as `reach.find` for one host, without asking every machine of the world.
    """
    listening = host.management_listening()
    if listening is None or host.machine.system is not host:
        return False
    vlan = reach.effective_vlan(host.machine, listening)
    address = ipaddress.ip_address(listening.address)
    return vlan is not None and any(
        own == vlan and address in _subnet(at) for at, own in reach.live(world, manager)
    )


def _subnet(listening: Listening) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{listening.address}/{listening.prefix}", strict=False)
