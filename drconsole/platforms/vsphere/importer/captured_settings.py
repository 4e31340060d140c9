"""Handlers for what comes last: a cluster's HA, DRS, groups and rules, and a vApp's start order."""

from __future__ import annotations

from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.errors import UnknownName
from drconsole.model.inventory import Cluster, ClusterGroup, ClusterRule, VAppEntity
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found, recovered_id
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task


def members_of(work: Work) -> dict[str, str]:
    """Returns captured id → recovered id for the members that were recovered; others are left out."""
    members = {}
    for captured, maker in work.step.arguments["members"].items():
        try:
            members[captured] = recovered_id(work, maker, captured)
        except UnknownName:
            work.say("a member was not recovered and is left out", member=captured)
    return members


class ClusterSettings(SiteHandler):
    """The captured HA and DRS settings, groups and rules, in one reconfiguration; then the EVC mode.

    A mode that the recovered hosts' processors cannot give is said, and is no failure (R87).
    """

    def __init__(self, site: RecoveredSite) -> None:
        super().__init__(site)
        self._said_evc: set[str] = set()

    async def observe(self, work: Work) -> Done | None:
        cluster, members = self._cluster(work), members_of(work)
        session = await self.site.server(work)
        live = (await session.read(self._reference(work), "configurationEx"))["configurationEx"]
        agreed = agrees(das_spec(cluster), live.dasConfig) and agrees(drs_spec(cluster), live.drsConfig)
        missing = self._missing_groups(cluster, members, live) or self._missing_rules(cluster, members, live)
        if not agreed or missing or await self._evc_is_missing(work, cluster):
            return None
        return Done()

    async def _evc_is_missing(self, work: Work, cluster: Cluster) -> bool:
        if not cluster.evc_mode or work.token in self._said_evc:
            return False
        session = await self.site.server(work)
        summary = (await session.read(self._reference(work), "summary"))["summary"]
        return bool(summary.currentEVCModeKey != cluster.evc_mode)

    async def _set_evc(self, work: Work, mode: str) -> None:
        session, seconds = await self.site.server(work), work.step.deadline_s
        self._said_evc.add(work.token)
        try:
            manager = await session.invoke(self._reference(work), "EvcManager", _about=work.step.object)
            await run_task(
                session,
                manager,
                "ConfigureEvcMode_Task",
                evcModeKey=mode,
                seconds=seconds,
                about=work.step.object,
                entity=self._reference(work),
            )
        except Fault as fault:
            work.say(f"the EVC mode {mode} could not be set: {fault.message}")

    async def act(self, work: Work) -> None:
        cluster, members = self._cluster(work), members_of(work)
        session = await self.site.server(work)
        live = (await session.read(self._reference(work), "configurationEx"))["configurationEx"]
        spec = vim.cluster.ConfigSpecEx(
            dasConfig=das_spec(cluster),
            drsConfig=drs_spec(cluster),
            groupSpec=[
                vim.cluster.GroupSpec(operation=operation, info=info)
                for operation, info in self._missing_groups(cluster, members, live)
            ],
            rulesSpec=[
                vim.cluster.RuleSpec(operation=operation, info=info)
                for operation, info in self._missing_rules(cluster, members, live)
            ],
        )
        await work.check()
        await run_task(
            session,
            self._reference(work),
            "ReconfigureComputeResource_Task",
            spec=spec,
            modify=True,
            seconds=work.step.deadline_s,
            about=work.step.object,
        )
        if await self._evc_is_missing(work, cluster):
            await self._set_evc(work, cluster.evc_mode)

    def _cluster(self, work: Work) -> Cluster:
        return msgspec.convert(work.step.arguments["cluster"], Cluster)

    def _reference(self, work: Work) -> Any:
        return reference("ClusterComputeResource", found(work, "cluster"))

    def _missing_groups(self, cluster: Cluster, members: dict[str, str], live: Any) -> list[tuple[str, Any]]:
        standing = {group.name: group for group in live.group}
        missing = []
        for group in cluster.groups:
            wanted = group_spec(group, members)
            held = standing.get(group.name)
            if held is None:
                missing.append(("add", wanted))
            elif _ids(wanted) != _ids(held):
                missing.append(("edit", wanted))
        return missing

    def _missing_rules(self, cluster: Cluster, members: dict[str, str], live: Any) -> list[tuple[str, Any]]:
        standing = {rule.name: rule for rule in live.rule}
        missing = []
        for rule in cluster.rules:
            wanted, held = rule_spec(rule, members), standing.get(rule.name)
            if wanted is None or (held is not None and same_rule(wanted, held)):
                continue
            if held is not None:
                wanted.key = held.key
            missing.append(("add" if held is None else "edit", wanted))
        return missing


def same_rule(wanted: Any, held: Any) -> bool:
    """Compares two rules: kind, switches, groups, and the guests in any order."""
    if type(wanted) is not type(held):
        return False
    names = ("enabled", "mandatory", "vmGroupName", "affineHostGroupName", "antiAffineHostGroupName")
    if any((getattr(wanted, n, None) or None) != (getattr(held, n, None) or None) for n in names):
        return False
    guests = ({item._moId for item in getattr(rule, "vm", None) or []} for rule in (wanted, held))
    return next(guests) == next(guests)


def das_spec(cluster: Cluster) -> Any:
    ha = cluster.ha
    if ha is None:
        return None
    return vim.cluster.DasConfigInfo(
        enabled=ha.enabled,
        admissionControlEnabled=ha.admission_control,
        failoverLevel=ha.failover_level,
        hostMonitoring="enabled" if ha.host_monitoring else "disabled",
        vmMonitoring=ha.vm_monitoring,
        defaultVmSettings=vim.cluster.DasVmSettings(
            restartPriority=ha.restart_priority, isolationResponse=ha.isolation_response
        ),
    )


def drs_spec(cluster: Cluster) -> Any:
    drs = cluster.drs
    if drs is None:
        return None
    return vim.cluster.DrsConfigInfo(
        enabled=drs.enabled, defaultVmBehavior=drs.automation, vmotionRate=drs.migration_threshold
    )


def group_spec(group: ClusterGroup, members: dict[str, str]) -> Any:
    present = [members[id] for id in group.members if id in members]
    if group.type == "vm":
        return vim.cluster.VmGroup(name=group.name, vm=[reference("VirtualMachine", m) for m in present])
    return vim.cluster.HostGroup(name=group.name, host=[reference("HostSystem", m) for m in present])


def _ids(group: Any) -> list[str]:
    held = group.vm if isinstance(group, vim.cluster.VmGroup) else group.host
    return sorted(item._moId for item in held)


def rule_spec(rule: ClusterRule, members: dict[str, str]) -> Any:
    """Returns a rule over the guests that were recovered; None where fewer than two of them are left."""
    common = {"name": rule.name, "enabled": rule.enabled, "mandatory": rule.mandatory, "userCreated": True}
    if rule.type == "vmHost":
        return vim.cluster.VmHostRuleInfo(
            **common,
            vmGroupName=rule.vm_group or None,
            affineHostGroupName=rule.affine_host_group or None,
            antiAffineHostGroupName=rule.anti_affine_host_group or None,
        )
    guests = [reference("VirtualMachine", members[id]) for id in rule.guests if id in members]
    if len(guests) < 2:
        return None
    if rule.type == "affinity":
        return vim.cluster.AffinityRuleSpec(**common, vm=guests)
    return vim.cluster.AntiAffinityRuleSpec(**common, vm=guests)


class VAppOrder(SiteHandler):
    """A vApp's start order, once its members are there."""

    async def observe(self, work: Work) -> Done | None:
        session = await self.site.server(work)
        live = await session.read(self._vapp(work), "vAppConfig.entityConfig")
        standing = {item.key._moId: item for item in live.get("vAppConfig.entityConfig") or []}
        wanted = self._entities(work)
        return Done() if all(agrees(item, standing.get(item.key._moId)) for item in wanted) else None

    async def act(self, work: Work) -> None:
        session = await self.site.server(work)
        await work.check()
        spec = vim.vApp.VAppConfigSpec(entityConfig=self._entities(work))
        await session.invoke(self._vapp(work), "UpdateVAppConfig", spec=spec, _about=work.step.object)

    def _vapp(self, work: Work) -> Any:
        return reference("VirtualApp", found(work, "vapp"))

    def _entities(self, work: Work) -> list[Any]:
        members, nested = members_of(work), work.step.arguments["nested"]
        entities = msgspec.convert(work.step.arguments["entities"], tuple[VAppEntity, ...])
        return [
            vim.vApp.EntityConfigInfo(
                key=reference(
                    "VirtualApp" if entity.member in nested else "VirtualMachine", members[entity.member]
                ),
                startOrder=entity.start_order,
                startDelay=entity.start_delay,
                startAction=entity.start_action,
                stopAction=entity.stop_action,
                stopDelay=entity.stop_delay,
                waitingForGuest=entity.waiting_for_guest,
            )
            for entity in entities
            if entity.member in members
        ]
