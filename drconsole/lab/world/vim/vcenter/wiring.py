"""Where a guest's NICs lead: its host's switches, their NICs, and the VLAN at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.vcenter.guest_config import nics
from drconsole.lab.world.vim.vcenter.tree import vcenter_of

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
    from drconsole.lab.world.world import World


def appear(guest: VirtualMachine) -> None:
    """A running guest is heard on the VLANs of its NICs, and no longer on others."""
    vcenter = vcenter_of(guest)
    path = vcenter.path_of(guest)
    guest.world.presence.leave(path)
    if not guest.running:
        return
    for vlan in vlans(guest):
        guest.world.presence.join(vlan, path, vcenter.side)


def vlans(guest: VirtualMachine) -> set[int]:
    """Returns the VLANs on which a guest is heard outside its host."""
    hypervisor = guest.host.hypervisor
    found = set()
    for nic in nics(guest.value("config")):
        plugged = nic.connectable is None or nic.connectable.startConnected
        vlan = _heard(hypervisor, *_tagged(hypervisor, nic.backing)) if plugged else None
        if vlan is not None:
            found.add(vlan)
    return found


def _tagged(hypervisor: Hypervisor, backing: Any) -> tuple[int | None, list[str]]:
    """The VLAN that a port group tags with, and the physical NICs of its switch."""
    network = hypervisor.network
    port = getattr(backing, "port", None)
    if port is not None:
        proxy = network.proxies.get(port.switchUuid)
        group = proxy.groups.get(port.portgroupKey) if proxy is not None else None
        return (
            (group.vlan, list(proxy.nics.values())) if proxy is not None and group is not None else (None, [])
        )
    group_named = network.portgroups.get(getattr(backing, "deviceName", ""))
    if group_named is None:
        return None, []
    return group_named.vlan, network.vswitches[group_named.vswitch].nics


def _heard(hypervisor: Hypervisor, vlan: int | None, through: list[str]) -> int | None:
    if vlan is None:
        return None
    for name in through:
        nic = hypervisor.machine.nic(name)
        if nic.link:
            return nic.port.carries(vlan)
    return None


def new_mac(world: World) -> str:
    """Returns a MAC of the range that a vCenter assigns."""
    low = world.random.getrandbits(22)
    return f"00:50:56:{0x80 | low >> 16:02x}:{low >> 8 & 255:02x}:{low & 255:02x}"
