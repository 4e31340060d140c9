"""Specs of the default world: what an administrator once typed into clusters, pools and switches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drconsole.lab.build.blueprint import VCENTER_NAME
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine


def cluster_spec(name: str) -> Any:
    """Returns the ClusterConfigSpecEx of a cluster, without rules and groups."""
    first = name.endswith("a")
    return new(
        "ClusterConfigSpecEx",
        dasConfig=new(
            "ClusterDasConfigInfo",
            enabled=True,
            admissionControlEnabled=first,
            hostMonitoring="enabled",
            vmMonitoring="vmMonitoringOnly" if first else "vmMonitoringDisabled",
            defaultVmSettings=new(
                "ClusterDasVmSettings",
                restartPriority="high" if first else "medium",
                isolationResponse="powerOff",
            ),
        ),
        drsConfig=new(
            "ClusterDrsConfigInfo",
            enabled=True,
            defaultVmBehavior="fullyAutomated" if first else "partiallyAutomated",
            vmotionRate=4 if first else 3,
        ),
    )


def finish_cluster(cluster: Cluster) -> None:
    """Gives a cluster with hosts and guests its groups and rules."""
    hosts = list(cluster.children.values())
    here = {host.moid for host in hosts}
    guests = [
        guest
        for guest in cluster.endpoint.of(VirtualMachine)
        if guest.host.moid in here and not guest.props["config"].template and guest.name != VCENTER_NAME
    ]
    if len(guests) < 4:
        return
    groups = (
        new("ClusterVmGroup", name="database guests", vm=[guest.ref() for guest in guests[:2]]),
        new("ClusterHostGroup", name="licensed hosts", host=[hosts[0].ref()]),
    )
    rules = (
        new("ClusterAntiAffinityRuleSpec", name="keep apart", enabled=True, mandatory=False,
            vm=[guest.ref() for guest in guests[:2]]),
        new("ClusterAffinityRuleSpec", name="keep together", enabled=len(hosts) > 1, mandatory=False,
            vm=[guest.ref() for guest in guests[2:4]]),
        new("ClusterVmHostRuleInfo", name="databases on licensed hosts", enabled=True, mandatory=False,
            vmGroupName="database guests", affineHostGroupName="licensed hosts"),
    )  # fmt: skip
    cluster.reconfigure(
        new(
            "ClusterConfigSpecEx",
            groupSpec=[new("ClusterGroupSpec", operation="add", info=group) for group in groups],
            rulesSpec=[new("ClusterRuleSpec", operation="add", info=rule) for rule in rules],
        )
    )


def pool_spec(name: str) -> Any:
    """Returns the ResourceConfigSpec of a pool."""
    level = {"gold": "high", "bronze": "low"}.get(name, "normal")
    return new(
        "ResourceConfigSpec",
        cpuAllocation=_allocation(level, 2000 if name == "gold" else 0, -1),
        memoryAllocation=_allocation(level, 0, 65_536 if name == "bronze" else -1),
    )


def _allocation(level: str, reservation: int, limit: int) -> Any:
    return new(
        "ResourceAllocationInfo",
        reservation=reservation,
        limit=limit,
        expandableReservation=True,
        shares=new("SharesInfo", level=level, shares=0),
    )


def switch_spec(name: str, members: Sequence[tuple[Any, tuple[str, ...]]]) -> Any:
    """Returns the DVSCreateSpec of a distributed switch with hosts: (reference, NICs)."""
    hosts = [
        new(
            "DistributedVirtualSwitchHostMemberConfigSpec",
            operation="add",
            host=host,
            backing=new(
                "DistributedVirtualSwitchHostMemberPnicBacking",
                pnicSpec=[new("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=nic) for nic in nics],
            ),
        )
        for host, nics in members
    ]
    config = new(
        "VMwareDVSConfigSpec",
        name=name,
        maxMtu=9000,
        description="Guests of the production",
        uplinkPortPolicy=new("DVSNameArrayUplinkPortPolicy", uplinkPortName=["Uplink 1", "Uplink 2"]),
        host=hosts,
    )
    return new("DVSCreateSpec", configSpec=config)


def portgroup_spec(name: str, vlan: int) -> Any:
    """Returns the DVPortgroupConfigSpec of a guest network."""
    setting = new(
        "VMwareDVSPortSetting",
        vlan=new("VmwareDistributedVirtualSwitchVlanIdSpec", inherited=False, vlanId=vlan),
    )
    return new(
        "DVPortgroupConfigSpec",
        name=name,
        numPorts=64,
        type="earlyBinding",
        description=f"VLAN {vlan}",
        defaultPortConfig=setting,
    )
