"""References as the model has them: the API's detours are resolved here, and nowhere else.

A host and a root pool hang under their ComputeResource, which the model has only where it is a
cluster; NICs name a distributed port group by its key; a distributed switch names its uplink groups.
"""

from __future__ import annotations

from typing import Any

import msgspec

from drconsole.model.inventory import ClusterGroup, ClusterRule, NetworkInterface, VirtualNic
from drconsole.platforms.vsphere.capture.gathered import STANDALONE, Gathered
from drconsole.platforms.vsphere.capture.tree import Facts


def link(gathered: Gathered, left_out: frozenset[str] = frozenset()) -> dict[str, dict[str, Facts]]:
    """Returns the facts by kind and id with their references resolved; `gathered` is left as it is.

    `left_out` are guests that exist but are not captured: groups, rules and vApps lose them.
    """
    kinds = {kind: {id: dict(facts) for id, facts in found.items()} for kind, found in gathered.kinds.items()}
    standalone = kinds.pop(STANDALONE)
    _standalone_hosts(kinds, standalone)
    _uplink_groups(kinds)
    networks = Networks(kinds)
    for facts in kinds["host"].values():
        facts["virtual_nics"] = tuple(networks.of_virtual_nic(nic) for nic in facts["virtual_nics"])
    for id in left_out:
        kinds["virtualMachine"].pop(id, None)
    for facts in kinds["virtualMachine"].values():
        del facts["_complete"]
        facts["network_interfaces"] = tuple(networks.of_interface(n) for n in facts["network_interfaces"])
    if left_out:
        _without(kinds, left_out)
    return kinds


def _standalone_hosts(kinds: dict[str, dict[str, Facts]], standalone: dict[str, Facts]) -> None:
    host_of: dict[str, str] = {}
    for id, facts in kinds["host"].items():
        if around := standalone.get(facts["parent"]):
            host_of[facts["parent"]] = id
            facts["parent"] = around["parent"]
    for facts in kinds["resourcePool"].values():
        facts["parent"] = host_of.get(facts["parent"], facts["parent"])


def _uplink_groups(kinds: dict[str, dict[str, Facts]]) -> None:
    uplinks = {
        group for facts in kinds["distributedSwitch"].values() for group in facts.pop("_uplink_groups")
    }
    for id, facts in kinds["distributedPortGroup"].items():
        facts["uplink"] = id in uplinks


def _without(kinds: dict[str, dict[str, Facts]], left_out: frozenset[str]) -> None:
    for facts in kinds["cluster"].values():
        facts["groups"] = tuple(_members(group, left_out) for group in facts["groups"])
        facts["rules"] = tuple(_guests(rule, left_out) for rule in facts["rules"])
    for facts in kinds["vApp"].values():
        facts["entities"] = tuple(e for e in facts["entities"] if e.member not in left_out)


def _members(group: ClusterGroup, left_out: frozenset[str]) -> ClusterGroup:
    return msgspec.structs.replace(group, members=tuple(m for m in group.members if m not in left_out))


def _guests(rule: ClusterRule, left_out: frozenset[str]) -> ClusterRule:
    return msgspec.structs.replace(rule, guests=tuple(g for g in rule.guests if g not in left_out))


class Networks:
    """Finds the network behind what a NIC says of it."""

    def __init__(self, kinds: dict[str, dict[str, Facts]]) -> None:
        groups = kinds["distributedPortGroup"]
        self._by_key = {facts["key"]: id for id, facts in groups.items() if facts.get("key")}
        self._by_name: dict[str, str] = {}
        for id, facts in kinds["network"].items():
            self._by_name.setdefault(facts["name"], id)
        self._known = groups.keys() | kinds["network"].keys()

    def of_virtual_nic(self, nic: VirtualNic) -> VirtualNic:
        """Returns a VMkernel interface with the id of its distributed port group."""
        key = nic.distributed_port_group
        found = self._by_key.get(key, key)
        return nic if found == key else msgspec.structs.replace(nic, distributed_port_group=found)

    def of_interface(self, nic: NetworkInterface) -> NetworkInterface:
        """Returns a guest's NIC with the id of its network, "" where none has the name it tells."""
        told = nic.network
        if told in self._known or not told:
            return nic
        return msgspec.structs.replace(nic, network=self._resolved(told))

    def _resolved(self, told: str) -> str:
        scheme, _, name = told.partition(":")
        if scheme in ("name", "opaque") and name:
            return self._by_name.get(name, "")
        return self._by_key.get(told, told)


def built(kind: type[Any], id: str, facts: Facts, blank: frozenset[str]) -> Any:
    """Returns the model's object for facts, without the fields that the profile leaves out."""
    given = {name: value for name, value in facts.items() if name not in blank}
    return kind(id=id, **given)
