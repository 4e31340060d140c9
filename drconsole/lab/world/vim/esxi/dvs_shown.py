"""A distributed switch as the API shows it: configuration, summary and runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.esxi import dvs_members
from drconsole.lab.world.vim.new import new

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch

VENDOR = "VMware, Inc."


def config(switch: DistributedSwitch) -> Any:
    """Returns the VMwareDVSConfigInfo."""
    return new(
        "VMwareDVSConfigInfo",
        uuid=switch.switch_uuid,
        name=switch.name,
        numPorts=_ports(switch),
        uplinkPortPolicy=new("DVSNameArrayUplinkPortPolicy", uplinkPortName=switch.uplinks),
        uplinkPortgroup=[group.ref() for group in switch.groups if group.uplink],
        defaultPortConfig=switch.setting,
        host=[dvs_members.shown(switch, host) for host in switch.members.values()],
        productInfo=_product(switch),
        configVersion=str(switch.version),
        createTime=switch.created,
        networkResourceManagementEnabled=switch.managed_resources,
        **switch.stored,
    )


def summary(switch: DistributedSwitch) -> Any:
    """Returns the DVSSummary."""
    hosts = [host.ref() for host in switch.members.values()]
    return new(
        "DVSSummary",
        name=switch.name,
        uuid=switch.switch_uuid,
        numPorts=_ports(switch),
        productInfo=_product(switch),
        hostMember=hosts,
        host=hosts,
        portgroupName=[group.name for group in switch.groups],
        description=switch.stored.get("description"),
        contact=switch.stored["contact"],
        numHosts=len(hosts),
    )


def runtime(switch: DistributedSwitch) -> Any:
    """Returns the DVSRuntimeInfo."""
    members = [new("HostMemberRuntimeInfo", host=host.ref(), status="up") for host in switch.members.values()]
    return new("DVSRuntimeInfo", hostMemberRuntime=members)


def _ports(switch: DistributedSwitch) -> int:
    return sum(len(group.ports) for group in switch.groups)


def _product(switch: DistributedSwitch) -> Any:
    return new(
        "DistributedVirtualSwitchProductSpec",
        name="DVS",
        vendor=VENDOR,
        version=switch.product,
        forwardingClass="etherswitch",
    )
