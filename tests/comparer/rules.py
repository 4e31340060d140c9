"""What may differ after a recovery: one leaf property of one kind a rule, with its reason.

There is no wildcard. Nearly every rule has a condition and excuses only the very value that the
recovery had to bring about, read from somewhere else than the recovered side's own word; `FREE`
names the few whose value nobody else knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.comparer.closure import Expected
from tests.comparer.leaves import Dump, Object
from tests.comparer.setting import Nic, Setting


@dataclass(frozen=True)
class Case:
    """One difference: values are None where a side has no such leaf."""

    setting: Setting
    expected: Expected
    after: Dump
    mine: Object
    theirs: Object
    place: str
    captured: Any
    recovered: Any

    @property
    def key(self) -> str:
        """What stands in the place's brackets: `virtualNics[vmk0].mac` → `vmk0`."""
        return self.place.partition("[")[2].rpartition("]")[0]


@dataclass(frozen=True)
class Rule:
    """Excuses one leaf property of one kind where `when` holds."""

    kind: str
    leaf: str
    reason: str
    when: Callable[[Case], bool] | None = None

    @property
    def name(self) -> str:
        """What reports count it by."""
        return f"{self.kind}.{self.leaf}"


def _metal(case: Case) -> dict[str, Nic]:
    return case.setting.metal.get(str(case.theirs["machine"]), {})


def _is_target(case: Case) -> bool:
    return bool(case.recovered == case.setting.targets.get(case.mine["path"]))


def _nic_is_there(case: Case) -> bool:
    """A NIC that only one of the two machines has."""
    return (case.recovered is None) != (case.key in _metal(case))


def _mac_of_target(case: Case) -> bool:
    nic = _metal(case).get(case.key)
    return nic.mac == case.recovered if nic else case.recovered is None


def _link_of_target(case: Case) -> bool:
    nic = _metal(case).get(case.key)
    return case.recovered == ("up" if nic.link else "down") if nic else case.recovered is None


def moves(case: Case) -> dict[str, str]:
    """Returns where a host's NICs went, captured → recovered, {} where that is no re-arrangement.

    It is one where a captured uplink has no link on the target, each NIC went to one NIC of the
    target and no two to the same, and the management uplink has link now.
    """
    mine, theirs = _uplinks(case.mine, case.expected), _uplinks(case.theirs, case.after)
    pairs: dict[str, str] = {}
    for switch, nics in mine.items():
        now = theirs.get(switch, [])
        if len(now) != len(nics) or any(pairs.setdefault(a, b) != b for a, b in zip(nics, now, strict=True)):
            return {}
    metal = _metal(case)
    needed = any(nic not in metal or not metal[nic].link for nic in pairs)
    lawful = len(set(pairs.values())) == len(pairs) and metal.keys() >= set(pairs.values())
    return pairs if needed and lawful and has_linked_management(case.theirs) else {}


def has_linked_management(host: Object) -> bool:
    """Whether a host's vmk0 stands on a switch of which an active NIC has link, by the host's machine."""
    (vmk0,) = (nic for nic in host["virtualNics"] if nic["name"] == "vmk0")
    links = {nic["name"]: nic["link"] for nic in host["physicalNics"]}
    groups = {group["name"]: group for group in host["portGroups"]}
    switches = {switch["name"]: switch for switch in host["virtualSwitches"]}
    group = groups[vmk0["portGroup"]]
    switch = switches[group["virtualSwitch"]]
    active = _active(group["policy"]) or _active(switch["policy"]) or switch["nics"]
    return any(links[nic] == "up" for nic in active)


def _active(policy: Any) -> list[str]:
    found: list[str] = policy.get("nicTeaming", {}).get("nicOrder", {}).get("activeNic", [])
    return found


def _uplinks(host: Object, side: Expected | Dump) -> dict[str, list[str]]:
    """Switch → its NICs on a host, virtual and distributed ones."""
    dump = side.objects if isinstance(side, Expected) else side
    found = {switch["name"]: list(switch["nics"]) for switch in host["virtualSwitches"]}
    for switch in dump["distributedSwitch"]:
        for member in switch["members"]:
            if member["host"] == host["path"]:
                found[switch["name"]] = list(member["nics"])
    return found


def _moved(case: Case) -> bool:
    where = moves(case)
    return bool(where) and [where.get(nic) for nic in case.captured or []] == case.recovered


def _member_moved(case: Case) -> bool:
    hosts = {item["path"]: item for item in case.expected.objects["host"]}
    now = {item["path"]: item for item in case.after["host"]}
    if case.key not in hosts or case.key not in now:
        return False
    host = Case(
        case.setting,
        case.expected,
        case.after,
        hosts[case.key],
        now[case.key],
        "",
        case.captured,
        case.recovered,
    )
    return _moved(host)


def _mapped_vlan(case: Case) -> bool:
    name = case.key or str(case.mine["name"])
    return bool(case.recovered == case.setting.vlans.get(name))


def _is_replica(case: Case) -> bool:
    """The volume is the one at the peer array that copies the captured volume."""
    array, _, volume = str(case.captured).partition("/")
    peer = case.setting.peers.get(array)
    found = [item for item in case.after["volume"] if item["path"] == case.recovered]
    return len(found) == 1 and found[0]["array"] == peer and found[0]["source"] == volume


def _exports_replica(case: Case) -> bool:
    found = [item for item in case.after["volume"] if item["path"] == case.theirs["volume"]]
    return len(found) == 1 and bool(case.recovered) and found[0]["export"] == case.recovered[1]


def _is_provisioning(case: Case) -> bool:
    """An interface that the captured server lacked, with an address of the provisioning network."""
    names = {nic["name"] for nic in case.mine["interfaces"]}
    addresses = [nic["ip"] for nic in case.theirs["interfaces"] if nic["name"] == case.key]
    return case.key not in names and all(addresses) and any(map(case.setting.provisions, addresses))


def _provisioned(case: Case) -> bool:
    """The address beside the captured one is provisioning's; the original had none."""
    return not case.captured and bool(case.recovered) and case.setting.provisions(case.recovered)


def _server_vlan(case: Case) -> bool:
    """The VLAN of the network that the captured interface was on, as mapped; or provisioning's."""
    extra = "interfaces" in case.mine and _is_provisioning(case)
    return extra or case.recovered in case.setting.vlans.values()


def _can_run_there(case: Case) -> bool:
    """Its own host is not deployed, and the new one is, and reaches all that it needs."""
    return case.captured not in case.expected.hosts and case.recovered in case.expected.able(case.mine)


_METAL = "the host runs on another machine"
_UPLINKS = "the captured uplink has no link here: the uplinks were re-arranged, and management has link"
_VLAN = "the configuration maps this network to another VLAN in this mode"
_REPLICA = "the datastore lies on the replica of its volume"
_EXTRA_NIC = "the interface that the original lacked, on the provisioning network (R61)"

RULES = (
    Rule("host", "machine", _METAL, _is_target),
    Rule("host", "physicalNics.name", _METAL, _nic_is_there),
    Rule("host", "physicalNics.mac", _METAL, _mac_of_target),
    Rule("host", "physicalNics.link", _METAL, _link_of_target),
    Rule("host", "virtualNics.mac", "the hypervisor gives a new VMkernel interface a MAC of its own"),
    Rule("host", "virtualSwitches.nics", _UPLINKS, _moved),
    Rule("host", "virtualSwitches.policy.nicTeaming.nicOrder.activeNic", _UPLINKS, _moved),
    Rule("host", "portGroups.vlan", _VLAN, _mapped_vlan),
    Rule("distributedSwitch", "members.nics", _UPLINKS, _member_moved),
    Rule("distributedPortGroup", "vlan", _VLAN, _mapped_vlan),
    Rule("datastore", "volume", _REPLICA, _is_replica),
    Rule("datastore", "remote", _REPLICA, _exports_replica),
    Rule("virtualMachine", "host", "its host is not deployed, and this one reaches its data", _can_run_there),
    Rule("physicalServer", "machine", "the server runs on another machine", _is_target),
    Rule("physicalServer", "vlan", _VLAN, _server_vlan),
    Rule("physicalServer", "provisioning", _EXTRA_NIC, _provisioned),
    Rule("managementServer", "instanceUuid", "the management server was installed anew"),
    Rule("managementServer", "interfaces.mac", "the management server runs on a machine of its own"),
    Rule("managementServer", "interfaces.name", _EXTRA_NIC, _is_provisioning),
    Rule("managementServer", "interfaces.ip", _EXTRA_NIC, _is_provisioning),
    Rule("managementServer", "interfaces.prefix", _EXTRA_NIC, _is_provisioning),
    Rule("managementServer", "interfaces.gateway", _EXTRA_NIC, _is_provisioning),
    Rule("managementServer", "interfaces.vlan", _VLAN, _server_vlan),
)

BY_LEAF = {(rule.kind, rule.leaf): rule for rule in RULES}
FREE = frozenset(rule.name for rule in RULES if rule.when is None)
"""Rules without a condition: their values are made up by the machine, and no second source knows them."""


def excuse(kind: str, leaf: str, case: Case) -> Rule | None:
    """Returns the rule that excuses a difference, None where it is lost."""
    rule = BY_LEAF.get((kind, leaf))
    return rule if rule is not None and (rule.when is None or rule.when(case)) else None


def value(text: str | None) -> Any:
    """Returns a leaf's value, None where there is no leaf."""
    return None if text is None else json.loads(text)
