"""Handlers for a joined host's standard switches and port groups (R72, R79, R80).

All work through the management server. A default switch is augmented, never made a second time, and
what exists and agrees is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.model.inventory import Host
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer import specs
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler
from drconsole.platforms.vsphere.importer.tasks import call
from drconsole.platforms.vsphere.session import Session


class HostPart(SiteHandler):
    """One part of a host's configuration, compared and brought to what was captured."""

    def captured(self, work: Work) -> Host:
        return msgspec.convert(work.step.arguments["host"], Host)

    def nics(self, work: Work) -> Mapping[str, str]:
        return msgspec.convert(work.result(work.step.arguments["proved"])["nics"], dict[str, str])

    async def manager(self, work: Work, name: str) -> tuple[Session, Any]:
        """Returns the session, and the host's manager of that name, such as `networkSystem`."""
        return await self.site.manager_of(work, found(work, "host"), name)

    async def network(self, work: Work, *parts: str) -> tuple[Session, Any, Any]:
        """Returns the session, the network system and these parts of what it reports now.

        `parts` are properties of HostNetworkInfo, such as `vswitch`; what is not asked for is unset.
        The whole of it is large, and reading it takes most of a step.
        """
        session, system = await self.manager(work, "networkSystem")
        paths = {f"networkInfo.{part}": part for part in parts}
        told = await session.read(system, *paths)
        return session, system, vim.host.NetworkInfo(**{paths[path]: told[path] for path in told})


class Switches(HostPart):
    """Standard switches: those of the installer are augmented, missing ones created."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work, "vswitch")
        return None if self._missing(work, info) else Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work, "vswitch")
        standing = {switch.name for switch in info.vswitch}
        for name, spec in self._missing(work, info).items():
            await work.check()
            method = "UpdateVirtualSwitch" if name in standing else "AddVirtualSwitch"
            await call(
                session, system, method, vswitchName=name, spec=spec, about=f"{name} of {work.step.object}"
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
        _session, _system, info = await self.network(work, "portgroup")
        return None if self._missing(work, info) else Done()

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work, "portgroup")
        standing = {group.spec.name: group.spec for group in info.portgroup}
        for name, spec in self._missing(work, info).items():
            await work.check()
            held = standing.get(name)
            if held is not None and held.vswitchName != spec.vswitchName:
                # A group cannot change its switch. Nothing is on an installer's group but vmk0, which
                # has moved to its captured place before.
                await session.invoke(system, "RemovePortGroup", pgName=name)
                held = None
            if held is not None:
                await session.invoke(system, "UpdatePortGroup", pgName=name, portgrp=spec)
            else:
                await call(
                    session, system, "AddPortGroup", portgrp=spec, about=f"{name} of {work.step.object}"
                )

    def _missing(self, work: Work, info: Any) -> dict[str, Any]:
        standing = {group.spec.name: group.spec for group in info.portgroup}
        nics, vlans = self.nics(work), work.step.arguments["vlans"]
        wanted = {
            group.name: specs.port_group_spec(group, vlans[group.name], nics)
            for group in self.captured(work).port_groups
        }
        return {name: spec for name, spec in wanted.items() if not agrees(spec, standing.get(name))}
