"""Who answers whom: one pure function of power, cables and configuration."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from drconsole.lab.world.machine import Machine
from drconsole.lab.world.system import Listening, System

if TYPE_CHECKING:
    from drconsole.lab.world.world import World


def effective_vlan(machine: Machine, listening: Listening) -> int | None:
    """Returns the VLAN on which an address of a machine is heard, or None: it answers nobody.

    Failover is by link alone, as with real teaming: the first NIC of the order that has link is
    used, and when its port does not carry the VLAN nothing else is tried.
    """
    if not machine.running or (machine.side == "protected" and machine.world.site_gone):
        return None
    for name in listening.nics:
        nic = machine.nic(name)
        if nic.link:
            return nic.port.carries(listening.vlan)
    return None


def live(world: World, system: System) -> Iterator[tuple[Listening, int]]:
    """Yields the addresses that a system answers at now, each with the VLAN that it is heard on."""
    return _live(world, world.machine_under(system), system)


def _live(world: World, machine: Machine | None, system: System) -> Iterator[tuple[Listening, int]]:
    for listening in system.addresses():
        vlan = _vlan(world, machine, system, listening)
        if vlan is not None:
            yield listening, vlan


def find(world: World, asker: System, address: str) -> System | None:
    """Returns the system that answers `asker` at `address`: both heard on one VLAN and subnet."""
    ways = [(vlan, at) for at, vlan in live(world, asker)]
    for machine, system in world.installed():
        for listening in system.addresses():
            if listening.address == address:
                vlan = _vlan(world, machine, system, listening)
                if any(v == vlan and within(address, at) for v, at in ways):
                    return system
    return None


def reaches(world: World, asker: System, host: System, listening: Listening) -> bool:
    """Says whether `asker` hears one address of one system: `find`, without asking every machine."""
    machine = world.machine_under(host)
    vlan = None if machine is None else effective_vlan(machine, listening)
    return vlan is not None and any(
        own == vlan and within(listening.address, at) for at, own in live(world, asker)
    )


def on_network(world: World, asker: System, address: str, vlans: frozenset[int]) -> Listening | None:
    """Returns the address of `asker` from which it reaches `address`, something that is no system
    (an NFS portal) and is heard on `vlans`; None where none does."""
    for listening, vlan in live(world, asker):
        if vlan in vlans and within(address, listening):
            return listening
    return None


@lru_cache(maxsize=16384)
def within(address: str, listening: Listening) -> bool:
    """Says whether an address lies in the subnet of another one."""
    return ipaddress.ip_address(address) in _subnet(listening)


def _vlan(world: World, machine: Machine | None, system: System, listening: Listening) -> int | None:
    if machine is not None:
        return effective_vlan(machine, listening)
    # A management server that runs as a guest of its own site has the site's network under it.
    return listening.vlan if system is world.protected_management and not world.site_gone else None


@lru_cache(maxsize=4096)
def _subnet(listening: Listening) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{listening.address}/{listening.prefix}", strict=False)
