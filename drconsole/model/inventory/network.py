"""Networks that guests attach to: standard ones, distributed switches and their port groups."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import Count, Element, Mtu, Object, VlanId, refers, tag
from drconsole.model.inventory.host import NetworkPolicy


class Network(Object, frozen=True, kw_only=True):
    """A standard network: the port groups of one name on these hosts."""

    kind = "network"

    parent: Annotated[str, refers("folder")]
    hosts: Annotated[tuple[Annotated[str, refers("host")], ...], tag("host")] = ()


class SwitchMember(Element, frozen=True, kw_only=True):
    """A host's place in a distributed switch: its NICs, in the order of the uplink ports."""

    key_field = "host"

    host: Annotated[str, refers("host")]
    nics: Annotated[tuple[str, ...], tag("nic")] = ()


class DistributedSwitch(Object, frozen=True, kw_only=True):
    """A distributed switch."""

    kind = "distributedSwitch"

    parent: Annotated[str, refers("folder")]
    uuid: str = ""
    version: str = ""
    mtu: Mtu = 1500
    max_ports: Count = 0
    link_discovery: str = ""
    link_discovery_operation: str = ""
    network_resource_control: bool = False
    description: str = ""
    uplinks: Annotated[tuple[str, ...], tag("uplink")] = ()
    members: Annotated[tuple[SwitchMember, ...], tag("member")] = ()


class VlanRange(Element, frozen=True, kw_only=True):
    """An inclusive range of VLANs of a trunk."""

    first: VlanId
    last: VlanId


class DistributedPortGroup(Object, frozen=True, kw_only=True):
    """A port group of a distributed switch. `vlan` is None where it is a trunk or private."""

    kind = "distributedPortGroup"

    switch: Annotated[str, refers("distributedSwitch")]
    parent: Annotated[str, refers("folder")] = ""
    key: str = ""
    uplink: bool = False
    binding: Literal["earlyBinding", "lateBinding", "ephemeral"] = "earlyBinding"
    ports: Count = 0
    vlan: VlanId | None = None
    private_vlan: VlanId | None = None
    description: str = ""
    trunk: Annotated[tuple[VlanRange, ...], tag("vlanRange")] = ()
    policy: NetworkPolicy | None = None
