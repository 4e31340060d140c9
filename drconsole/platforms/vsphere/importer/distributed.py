"""Handlers for distributed switches: the switch itself and its port groups (R72)."""

from __future__ import annotations

from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.model.inventory import DistributedPortGroup, DistributedSwitch, NetworkPolicy, VlanRange
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import names_of, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.importer.tree import Child
from drconsole.platforms.vsphere.session import Session

SWITCH = "VmwareDistributedVirtualSwitch"


class DistributedSwitchHandler(Child):
    """A distributed switch with its uplink names; its members come with the hosts."""

    def switch(self, work: Work) -> DistributedSwitch:
        return msgspec.convert(work.step.arguments["switch"], DistributedSwitch)

    def name(self, work: Work) -> str:
        return self.switch(work).name

    async def observe(self, work: Work) -> Done | None:
        standing = await self.standing(work)
        if standing is None:
            return None
        session = await self.site.server(work)
        config = (await session.read(standing, "config"))["config"]
        made, called = await self._uplink_groups(session, config)
        wanted = work.step.arguments["uplink_groups"]
        if not agrees(self._spec(work), config) or (wanted and called != list(wanted.values())):
            return None
        if not self._controls(work, config):
            return None
        groups = dict(zip(wanted, (group._moId for group in made), strict=False))
        return Done(result={"moids": {self.switch(work).id: standing._moId, **groups}})

    async def act(self, work: Work) -> None:
        session, standing = await self.site.server(work), await self.standing(work)
        await work.check()
        if standing is None:
            await self._create(work)
            standing = await self.standing(work)
        config = (await session.read(standing, "config"))["config"]
        spec = self._spec(work)
        if not agrees(spec, config):
            spec.configVersion = config.configVersion
            await self._run(work, standing, "ReconfigureDvs_Task", spec=spec)
        if not self._controls(work, config):
            enable = self.switch(work).network_resource_control
            await session.invoke(standing, "EnableNetworkResourceManagement", enable=enable)
        made, called = await self._uplink_groups(session, config)
        for group, name, wanted in zip(
            made, called, work.step.arguments["uplink_groups"].values(), strict=False
        ):
            if name != wanted:
                await self._run(work, group, "Rename_Task", newName=wanted)

    def _controls(self, work: Work, config: Any) -> bool:
        """Returns whether network resources are controlled as captured: no part of the specification."""
        wanted = self.switch(work).network_resource_control
        return bool(config.networkResourceManagementEnabled) is wanted

    async def _create(self, work: Work) -> None:
        version = self.switch(work).version
        product = vim.dvs.ProductSpec(version=version) if version else None
        create = vim.DistributedVirtualSwitch.CreateSpec(configSpec=self._spec(work), productInfo=product)
        await self._run(work, self.parent(work), "CreateDVS_Task", spec=create)

    async def _uplink_groups(self, session: Session, config: Any) -> tuple[list[Any], list[str]]:
        """Returns the port groups that the server made for the uplinks, and what it called them."""
        made = list(config.uplinkPortgroup)
        names = await names_of(session, made)
        return made, [names.get(group, "") for group in made]

    async def _run(self, work: Work, on: Any, method: str, **arguments: Any) -> None:
        session = await self.site.server(work)
        await run_task(session, on, method, seconds=work.step.deadline_s, about=work.step.object, **arguments)

    def _spec(self, work: Work) -> Any:
        switch = self.switch(work)
        discovery = None
        if switch.link_discovery:
            discovery = vim.host.LinkDiscoveryProtocolConfig(
                protocol=switch.link_discovery, operation=switch.link_discovery_operation or "listen"
            )
        return vim.dvs.VmwareDistributedVirtualSwitch.ConfigSpec(
            name=switch.name,
            description=switch.description or None,
            maxMtu=switch.mtu,
            uplinkPortPolicy=vim.DistributedVirtualSwitch.NameArrayUplinkPortPolicy(
                uplinkPortName=list(switch.uplinks)
            ),
            linkDiscoveryProtocolConfig=discovery,
        )


class DistributedPortGroupHandler(Child):
    """A port group of a distributed switch, on the VLAN of this site."""

    parent_kind = SWITCH
    listing = "portgroup"

    def group(self, work: Work) -> DistributedPortGroup:
        return msgspec.convert(work.step.arguments["group"], DistributedPortGroup)

    def name(self, work: Work) -> str:
        return self.group(work).name

    def parent(self, work: Work) -> Any:
        return reference(SWITCH, found(work, "switch"))

    async def observe(self, work: Work) -> Done | None:
        standing = await self.standing(work)
        if standing is None:
            return None
        session = await self.site.server(work)
        config = (await session.read(standing, "config"))["config"]
        if not agrees(self._spec(work), config):
            return None
        return Done(result={"moids": {self.group(work).id: standing._moId}, "key": config.key})

    async def act(self, work: Work) -> None:
        session, spec, standing = await self.site.server(work), self._spec(work), await self.standing(work)
        await work.check()
        seconds, about = work.step.deadline_s, work.step.object
        if standing is None:
            await run_task(
                session, self.parent(work), "AddDVPortgroup_Task", spec=[spec], seconds=seconds, about=about
            )
            return
        spec.configVersion = (await session.read(standing, "config.configVersion"))["config.configVersion"]
        await run_task(
            session, standing, "ReconfigureDVPortgroup_Task", spec=spec, seconds=seconds, about=about
        )

    def _spec(self, work: Work) -> Any:
        group = self.group(work)
        return vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            name=group.name,
            type=group.binding,
            numPorts=group.ports if group.binding != "ephemeral" else None,
            description=group.description or None,
            defaultPortConfig=vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(
                vlan=_vlan_spec(group, work.step.arguments), **_policy_specs(group.policy)
            ),
        )


def _vlan_spec(group: DistributedPortGroup, arguments: dict[str, Any]) -> Any:
    kinds = vim.dvs.VmwareDistributedVirtualSwitch
    if arguments["vlan"] is not None:
        return kinds.VlanIdSpec(vlanId=arguments["vlan"], inherited=False)
    if group.private_vlan is not None:
        return kinds.PvlanSpec(pvlanId=group.private_vlan, inherited=False)
    ranges = msgspec.convert(arguments["trunk"], tuple[VlanRange, ...])
    spans = [vim.NumericRange(start=item.first, end=item.last) for item in ranges]
    return kinds.TrunkVlanSpec(vlanId=spans, inherited=False) if spans else None


def _policy_specs(policy: NetworkPolicy | None) -> dict[str, Any]:
    """Returns what a port group overrides of its switch; unset parts inherit."""
    specs: dict[str, Any] = {}
    if policy is None:
        return specs
    if policy.teaming is not None:
        specs["uplinkTeamingPolicy"] = _teaming_spec(policy)
    if policy.security is not None:
        specs["securityPolicy"] = vim.dvs.VmwareDistributedVirtualSwitch.SecurityPolicy(
            inherited=False,
            allowPromiscuous=_flag(policy.security.allow_promiscuous),
            macChanges=_flag(policy.security.mac_changes),
            forgedTransmits=_flag(policy.security.forged_transmits),
        )
    return specs


def _teaming_spec(policy: NetworkPolicy) -> Any:
    kinds, teaming = vim.dvs.VmwareDistributedVirtualSwitch, policy.teaming
    assert teaming is not None
    order = None
    if teaming.active_nics or teaming.standby_nics:
        order = kinds.UplinkPortOrderPolicy(
            inherited=False,
            activeUplinkPort=list(teaming.active_nics),
            standbyUplinkPort=list(teaming.standby_nics),
        )
    return kinds.UplinkPortTeamingPolicy(
        inherited=False,
        policy=vim.StringPolicy(inherited=False, value=teaming.policy) if teaming.policy else None,
        notifySwitches=_flag(teaming.notify_switches),
        rollingOrder=_flag(teaming.rolling_order),
        reversePolicy=_flag(teaming.reverse_policy),
        uplinkPortOrder=order,
    )


def _flag(value: bool | None) -> Any:
    return None if value is None else vim.BoolPolicy(inherited=False, value=value)
