"""Handler for a joined host's VMkernel interfaces: made, moved to their captured place, given services."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from pyVmomi import vim

from drconsole.model.inventory import VirtualNic
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer import specs
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.host_network import HostPart
from drconsole.platforms.vsphere.importer.recovered import reference
from drconsole.platforms.vsphere.session import Session


class Place(msgspec.Struct, frozen=True):
    """Where an interface belongs. `port` is the connection to a distributed port group of this site,
    None for the captured port group of a standard switch."""

    nic: VirtualNic
    port: Any = None

    @property
    def spec(self) -> Any:
        return specs.vmkernel_spec(self.nic, port=self.port)

    def held_by(self, info: Any) -> Any:
        """Returns the standing interface with this one's address, wherever it is; else None.

        One that asks a DHCP server has no address of its own: it is known by its port group.
        """
        for standing in info.vnic:
            same = standing.spec.ip.ipAddress == self.nic.ip
            if (self.on(standing) and standing.spec.ip.dhcp) if self.nic.dhcp else same:
                return standing
        return None

    def on(self, standing: Any) -> bool:
        """Returns whether an interface is plugged in here."""
        connection = standing.spec.distributedVirtualPort
        if self.port is None:
            return bool(standing.portgroup == self.nic.port_group)
        return connection is not None and bool(connection.portgroupKey == self.port.portgroupKey)

    def agrees(self, standing: Any) -> bool:
        """Returns whether an interface is as captured: its place, address, mask and MTU."""
        have = standing.spec
        ip = self.nic.dhcp or agrees(specs.ip_spec(self.nic), have.ip)
        return self.on(standing) and ip and bool(have.mtu == self.nic.mtu)


class VmKernel(HostPart):
    """VMkernel interfaces with their services; management moves here to a distributed switch (R72)."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work, "vnic")
        for place in await self._places(work):
            standing = place.held_by(info)
            if standing is None or not place.agrees(standing):
                return None
            if await self._unserved(work, place.nic, standing.device):
                return None
        return Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work, "vnic", "portgroup", "vswitch", "proxySwitch")
        for place in await self._places(work):
            standing = place.held_by(info)
            await work.check()
            if standing is None:
                device = await self._added(session, system, place)
            else:
                device = standing.device
                if not place.agrees(standing):
                    await self._moved(session, system, info, place, device)
            await self._serve(work, place.nic, device)

    async def _added(self, session: Session, system: Any, place: Place) -> str:
        group = "" if place.port is not None else place.nic.port_group
        device = await session.invoke(system, "AddVirtualNic", portgroup=group, nic=place.spec)
        return str(device)

    async def _moved(self, session: Session, system: Any, info: Any, place: Place, device: str) -> None:
        """Moves an interface, together with the ports under it where it is the last one that they carry."""
        change = vim.host.VirtualNic.Config(changeOperation="edit", device=device, spec=place.spec)
        if place.port is None:
            change.portgroup = place.nic.port_group
        config = vim.host.NetworkConfig(vnic=[change])
        if place.port is not None and (waiting := waiting_switch(info, device)) is not None:
            config.proxySwitch, config.vswitch = ports_moved(info, waiting, place.port.switchUuid)
        await session.invoke(system, "UpdateNetworkConfig", config=config, changeMode="modify")

    async def _places(self, work: Work) -> list[Place]:
        captured = self.captured(work).virtual_nics
        return [
            Place(nic=nic, port=await self._port(work, nic)) for nic in sorted(captured, key=lambda n: n.name)
        ]

    async def _port(self, work: Work, nic: VirtualNic) -> Any:
        """Returns the connection to the recovered distributed port group, None for a standard one."""
        if not nic.distributed_port_group:
            return None
        moid = found(work, f"group:{nic.distributed_port_group}")
        return await port_connection(await self.site.server(work), moid)

    async def _unserved(self, work: Work, nic: VirtualNic, device: str) -> list[str]:
        """Returns the captured services that the interface does not have yet."""
        session, manager = await self.manager(work, "virtualNicManager")
        missing = []
        for service in nic.services:
            config = await session.invoke(manager, "QueryNetConfig", nicType=service)
            if device not in {n.device for n in config.candidateVnic if n.key in config.selectedVnic}:
                missing.append(service)
        return missing

    async def _serve(self, work: Work, nic: VirtualNic, device: str) -> None:
        session, manager = await self.manager(work, "virtualNicManager")
        for service in await self._unserved(work, nic, device):
            await session.invoke(manager, "SelectVnicForNicType", nicType=service, device=device)


_connections: WeakKeyDictionary[Session, dict[str, tuple[str, str]]] = WeakKeyDictionary()
"""Of each server: the switch's uuid and the group's key by the group's id. They never change."""


async def port_connection(session: Session, group: str) -> Any:
    """Returns the connection to any port of a distributed port group, by the group's id."""
    known = _connections.setdefault(session, {})
    if group not in known:
        held = await session.read(
            reference("DistributedVirtualPortgroup", group), "key", "config.distributedVirtualSwitch"
        )
        uuid = (await session.read(held["config.distributedVirtualSwitch"], "uuid"))["uuid"]
        known[group] = uuid, held["key"]
    uuid, key = known[group]
    return vim.dvs.PortConnection(switchUuid=uuid, portgroupKey=key)


def waiting_switch(info: Any, device: str) -> Any:
    """Returns the standard switch that a VMkernel interface is on, None where it is on none.

    None too where the switch carries another interface: that one would lose its ports.
    """
    groups = {group.spec.name: group.spec.vswitchName for group in info.portgroup}
    on = {nic.device: groups.get(nic.portgroup, "") for nic in info.vnic}
    name = on.get(device, "")
    if not name or list(on.values()).count(name) > 1:
        return None
    return next(switch for switch in info.vswitch if switch.name == name)


def ports_moved(info: Any, waiting: Any, switch_uuid: str) -> tuple[list[Any], list[Any]]:
    """Returns the changes that hand a waiting standard switch's ports to a distributed one."""
    ports = list(waiting.spec.bridge.nicDevice) if waiting.spec.bridge else []
    held = next(proxy for proxy in info.proxySwitch if proxy.dvsUuid == switch_uuid)
    kept = list(held.spec.backing.pnicSpec) if held.spec.backing is not None else []
    gained = [vim.dvs.HostMember.PnicSpec(pnicDevice=port) for port in ports]
    proxy = vim.host.HostProxySwitch.Config(
        changeOperation="edit",
        uuid=switch_uuid,
        spec=vim.host.HostProxySwitch.Specification(
            backing=vim.dvs.HostMember.PnicBacking(pnicSpec=[*kept, *gained])
        ),
    )
    emptied = vim.host.VirtualSwitch.Config(
        changeOperation="edit",
        name=waiting.name,
        spec=vim.host.VirtualSwitch.Specification(numPorts=waiting.spec.numPorts, mtu=waiting.spec.mtu),
    )
    return [proxy], [emptied]
