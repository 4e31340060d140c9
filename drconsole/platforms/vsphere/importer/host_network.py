"""Handlers for a joined host's network: switches, port groups, VMkernel interfaces, settings (R72, R79, R80).

All work through the management server. A default switch is augmented, never made a second time, and
what exists and agrees is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.model.inventory import Host, VirtualNic
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer import specs
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.host_steps import management_nic
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, reference
from drconsole.platforms.vsphere.session import Session


class HostPart(SiteHandler):
    """One part of a host's configuration, compared and brought to what was captured."""

    def captured(self, work: Work) -> Host:
        return msgspec.convert(work.step.arguments["host"], Host)

    def nics(self, work: Work) -> Mapping[str, str]:
        return msgspec.convert(work.result(work.step.arguments["proved"])["nics"], dict[str, str])

    async def manager(self, work: Work, name: str) -> tuple[Session, Any]:
        """Returns the session, and the host's manager of that name, such as `networkSystem`."""
        session = await self.site.server(work)
        host = reference("HostSystem", found(work, "host"))
        path = f"configManager.{name}"
        return session, (await session.read(host, path))[path]

    async def network(self, work: Work) -> tuple[Session, Any, Any]:
        """Returns the session, the network system and what it reports now."""
        session, system = await self.manager(work, "networkSystem")
        return session, system, (await session.read(system, "networkInfo"))["networkInfo"]


class Switches(HostPart):
    """Standard switches: those of the installer are augmented, missing ones created."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work)
        return None if self._missing(work, info) else Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work)
        standing = {switch.name for switch in info.vswitch}
        for name, spec in self._missing(work, info).items():
            await work.check()
            method = "UpdateVirtualSwitch" if name in standing else "AddVirtualSwitch"
            await session.invoke(
                system, method, vswitchName=name, spec=spec, _about=f"{name} of {session.about}"
            )

    def _missing(self, work: Work, info: Any) -> dict[str, Any]:
        """Returns the switches that do not stand as captured, by name, with their specifications."""
        standing = {switch.name: switch.spec for switch in info.vswitch}
        nics = self.nics(work)
        wanted = {s.name: specs.switch_spec(s, nics) for s in self.captured(work).virtual_switches}
        return {name: spec for name, spec in wanted.items() if not agrees(spec, standing.get(name))}


class PortGroups(HostPart):
    """Port groups of standard switches, on the VLANs of this site."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work)
        return None if self._missing(work, info) else Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work)
        standing = {group.spec.name for group in info.portgroup}
        for name, spec in self._missing(work, info).items():
            await work.check()
            if name in standing:
                await session.invoke(system, "UpdatePortGroup", pgName=name, portgrp=spec)
            else:
                await session.invoke(system, "AddPortGroup", portgrp=spec)

    def _missing(self, work: Work, info: Any) -> dict[str, Any]:
        standing = {group.spec.name: group.spec for group in info.portgroup}
        nics, vlans = self.nics(work), work.step.arguments["vlans"]
        wanted = {
            group.name: specs.port_group_spec(group, vlans[group.name], nics)
            for group in self.captured(work).port_groups
        }
        return {name: spec for name, spec in wanted.items() if not agrees(spec, standing.get(name))}


class VmKernel(HostPart):
    """VMkernel interfaces beside the management one, with their services."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work)
        for nic in self.captured(work).virtual_nics:
            standing = self._standing(work, nic, info)
            if standing is None or not await self._serves(work, nic, standing.device):
                return None
        return Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work)
        for nic in sorted(self.captured(work).virtual_nics, key=lambda item: item.name):
            standing = self._standing(work, nic, info)
            await work.check()
            if standing is not None:
                device = standing.device
            elif nic.name == management_nic(self.captured(work)).name:
                device = await self._moved(work, nic, session, system, info)
            else:
                device = await session.invoke(
                    system,
                    "AddVirtualNic",
                    portgroup="" if nic.distributed_port_group else nic.port_group,
                    nic=specs.vmkernel_spec(nic, port=await self._port(work, nic)),
                )
            await self._serve(work, nic, device)

    def _standing(self, work: Work, nic: VirtualNic, info: Any) -> Any:
        """Returns the interface with the captured address in its captured place, else None."""
        switched = bool(nic.distributed_port_group)
        for standing in info.vnic:
            spec = standing.spec
            placed = (
                (spec.distributedVirtualPort is not None)
                if switched
                else standing.portgroup == nic.port_group
            )
            if placed and spec.ip.ipAddress == nic.ip and spec.mtu == nic.mtu:
                return standing
        return None

    async def _port(self, work: Work, nic: VirtualNic) -> Any:
        """Returns the connection to the recovered distributed port group, None for a standard one."""
        if not nic.distributed_port_group:
            return None
        session = await self.site.server(work)
        moid = found(work, f"group:{nic.distributed_port_group}")
        group = reference("DistributedVirtualPortgroup", moid)
        held = await session.read(group, "key", "config.distributedVirtualSwitch")
        switch = held["config.distributedVirtualSwitch"]
        uuid = (await session.read(switch, "uuid"))["uuid"]
        return vim.dvs.PortConnection(switchUuid=uuid, portgroupKey=held["key"])

    async def _moved(self, work: Work, nic: VirtualNic, session: Session, system: Any, info: Any) -> str:
        """Moves management to where it was captured, together with the port under it, in one call."""
        port = await self._port(work, nic)
        standing = next(item for item in info.vnic if item.spec.ip.ipAddress == nic.ip)
        change = vim.host.VirtualNic.Config(
            changeOperation="edit", device=standing.device, spec=specs.vmkernel_spec(nic, port=port)
        )
        config = vim.host.NetworkConfig(vnic=[change])
        if port is not None:
            config.proxySwitch, config.vswitch = _port_moved(info, port.switchUuid)
        await session.invoke(system, "UpdateNetworkConfig", config=config, changeMode="modify")
        return str(standing.device)

    async def _serves(self, work: Work, nic: VirtualNic, device: str) -> bool:
        session, manager = await self.manager(work, "virtualNicManager")
        for service in nic.services:
            config = await session.invoke(manager, "QueryNetConfig", nicType=service)
            selected = {item.device for item in config.candidateVnic if item.key in config.selectedVnic}
            if device not in selected:
                return False
        return True

    async def _serve(self, work: Work, nic: VirtualNic, device: str) -> None:
        session, manager = await self.manager(work, "virtualNicManager")
        for service in nic.services:
            await session.invoke(manager, "SelectVnicForNicType", nicType=service, device=device)


def _port_moved(info: Any, switch_uuid: str) -> tuple[list[Any], list[Any]]:
    """Returns the changes that hand the ports of the waiting standard switch to the distributed one."""
    waiting = info.vswitch[0]
    ports = list(waiting.spec.bridge.nicDevice) if waiting.spec.bridge else []
    held = next(proxy for proxy in info.proxySwitch if proxy.dvsUuid == switch_uuid)
    backing = held.spec.backing
    kept = list(backing.pnicSpec) if backing is not None else []
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
