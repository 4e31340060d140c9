"""Networks, distributed switches and their port groups."""

from __future__ import annotations

from typing import Any

from drconsole.model.inventory import SwitchMember, VlanRange
from drconsole.platforms.vsphere.capture import policy
from drconsole.platforms.vsphere.capture.tree import Facts, named
from drconsole.platforms.vsphere.leaves import (
    Props,
    Val,
    child,
    children,
    item_texts,
    maybe,
    number,
    text,
    texts,
    truth,
    type_of,
)

_VLAN = "VmwareDistributedVirtualSwitchVlanIdSpec"
_TRUNK = "VmwareDistributedVirtualSwitchTrunkVlanSpec"
_PRIVATE = "VmwareDistributedVirtualSwitchPvlanSpec"


def network(props: Props) -> Facts:
    """A Network's facts."""
    return {**named(props), "hosts": tuple(sorted(item_texts(props.get("host"))))}


def switch(props: Props) -> Facts:
    """A distributed switch's facts; `_uplink_groups` are its uplink port groups."""
    config = props.get("config")
    discovery = child(config, "linkDiscoveryProtocolConfig")
    return {
        **named(props),
        "uuid": text(props.get("uuid")),
        "version": text(config, "productInfo", "version"),
        "mtu": number(config, "maxMtu") or 1500,
        "max_ports": number(config, "maxPorts"),
        "link_discovery": text(discovery, "protocol"),
        "link_discovery_operation": text(discovery, "operation"),
        "network_resource_control": truth(config, "networkResourceManagementEnabled"),
        "description": text(config, "description"),
        "uplinks": texts(child(config, "uplinkPortPolicy"), "uplinkPortName"),
        "members": tuple(_member(value) for value in children(config, "host")),
        "_uplink_groups": texts(config, "uplinkPortgroup"),
    }


def _member(value: Val) -> SwitchMember:
    """A DistributedVirtualSwitchHostMember; its NICs in the order of the ports that they stand at."""
    config = child(value, "config")
    specs = children(child(config, "backing"), "pnicSpec")
    placed = [(_port(spec), text(spec, "pnicDevice")) for spec in specs]
    return SwitchMember(host=text(config, "host"), nics=tuple(nic for _, nic in sorted(placed)))


def _port(spec: Val) -> tuple[int, str]:
    """Port keys are numbers as text; 9 stands before 10."""
    key = text(spec, "uplinkPortKey")
    return (int(key), "") if key.isdigit() else (1 << 31, key)


def port_group(props: Props) -> Facts:
    """A distributed port group's facts."""
    settings = props.get("config.defaultPortConfig")
    return {
        **named(props),
        "switch": text(props.get("config.distributedVirtualSwitch")),
        "key": text(props.get("key")),
        "binding": text(props.get("config.type"), default="earlyBinding"),
        "ports": number(props.get("config.numPorts")),
        "description": text(props.get("config.description")),
        "policy": policy.distributed(settings),
        **_vlan(child(settings, "vlan")),
    }


def _vlan(value: Val | None) -> dict[str, Any]:
    if value is None:
        return {}
    match type_of(value):
        case name if name == _VLAN:
            return {"vlan": number(value, "vlanId")}
        case name if name == _PRIVATE:
            return {"private_vlan": number(value, "pvlanId")}
        case name if name == _TRUNK:
            return {"trunk": tuple(_range(part) for part in children(value, "vlanId"))}
    return {} if maybe(value, "inherited") is None else {"vlan": None}


def _range(value: Val) -> VlanRange:
    return VlanRange(first=number(value, "start"), last=number(value, "end"))
