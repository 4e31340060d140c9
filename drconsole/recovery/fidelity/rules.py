"""What may differ after a recovery, one leaf property a rule, each with its reason.

There is no wildcard. A rule with a condition excuses only the very value that the run had to bring
about; any other value of that property is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from drconsole.model.inventory import ManagementServer, Object, PhysicalServer
from drconsole.model.site import NetworkPlace
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput


class Case(msgspec.Struct, frozen=True):
    """One difference as a rule's condition sees it. `uplinks` are results of that stage's steps."""

    plan: PlanInput
    uplinks: dict[str, Facts]
    item: Object
    place: str
    captured: str
    recovered: str


class Rule(msgspec.Struct, frozen=True):
    """Excuses one leaf property of one kind, such as `host` and `physicalNics.mac`."""

    kind: str
    leaf: str
    klass: Literal["had-to-be", "repaired"]
    reason: str
    when: Callable[[Case], bool] | None = None

    @property
    def name(self) -> str:
        """What reports count it by."""
        return f"{self.kind}.{self.leaf}"

    def excuses(self, case: Case) -> bool:
        """Whether this difference is one that the rule is for."""
        return self.when is None or self.when(case)


def _moved_nics(case: Case) -> bool:
    """The uplinks are exactly the captured ones after the proven re-arrangement."""
    moves = _moves(case.uplinks, case.item.name)
    wanted = [moves.get(nic, nic) for nic in case.captured.split(", ") if nic]
    return bool(moves) and [nic for nic in wanted if nic] == [n for n in case.recovered.split(", ") if n]


def _member_nics_moved(case: Case) -> bool:
    """The same, of a host's place in a distributed switch: `members[…/host].nics`."""
    host = case.place.partition("[")[2].rpartition("]")[0].rpartition("/")[2]
    moves = _moves(case.uplinks, host)
    wanted = [moves.get(nic, nic) for nic in case.captured.split(", ") if nic]
    return bool(moves) and wanted == [nic for nic in case.recovered.split(", ") if nic]


def _moves(uplinks: dict[str, Facts], host: str) -> dict[str, str]:
    found: dict[str, str] = uplinks.get(keys.proved(host), {}).get("nics", {})
    return found


def _mapped_vlan(case: Case) -> bool:
    """The VLAN is the one that the configuration maps this network to in this mode."""
    inner = case.place.partition("[")[2].rpartition("]")[0]
    place = _place(case.plan, inner or case.item.name)
    return place is not None and case.recovered == (str(place.vlan) if place.vlan else case.recovered)


def _place(plan: PlanInput, network: str) -> NetworkPlace | None:
    mapping = plan.site.network(network)
    if mapping is None:
        return None
    return mapping.drill if plan.mode == "drill" else mapping.real


def _named_by_host_name(case: Case) -> bool:
    """It was called by its guest's name, and is called by its own host name now."""
    return isinstance(case.item, ManagementServer) and case.recovered == case.item.hostname


def _not_told(case: Case) -> bool:
    """The recovered side says nothing, rather than something else."""
    return case.recovered in ("", "0")


def _no_less(case: Case) -> bool:
    """As much as was asked for, or more. A kernel counts less memory than is built in: nine tenths do."""
    share = 0.9 if case.place == "memoryMib" else 1.0
    asked, found = case.captured, case.recovered
    return asked.isdigit() and found.isdigit() and int(found) >= int(asked) * share


def _mapped_gateway(case: Case) -> bool:
    server = case.item
    place = _place(case.plan, server.network) if isinstance(server, PhysicalServer) else None
    return place is not None and bool(place.gateway) and case.recovered == place.gateway


_OTHER_MACHINE = "the host runs on another machine"
_OTHER_ARRAY = "the datastore lies on the replica's volume"
_UPLINKS = "the uplinks were re-arranged, and the management server reached the host"
_MODE_VLAN = "the configuration maps this network to another VLAN at the recovery site"
_UNTOLD = "only a guest's tools tell it, and it is no guest now; the provisioning set and proved it"
_NEW_SERVER = "the management server was installed anew"


def _machine(*properties: str) -> list[Rule]:
    return [Rule("host", name, "had-to-be", _OTHER_MACHINE) for name in properties]


def _replica(*properties: str) -> list[Rule]:
    return [Rule("datastore", name, "had-to-be", _OTHER_ARRAY) for name in properties]


RULES: tuple[Rule, ...] = (
    *_machine("hardware.uuid", "hardware.serial", "hardware.vendor", "hardware.model"),
    *_machine("hardware.cpuModel", "hardware.cpuPackages", "hardware.cpuCores", "hardware.cpuThreads"),
    *_machine("hardware.cpuMhz", "hardware.memoryMib", "hardware.cpuVendor"),
    *_machine("physicalNics.name", "physicalNics.mac", "physicalNics.driver", "physicalNics.pci"),
    *_machine("physicalNics.link", "physicalNics.speedMbit", "physicalNics.fullDuplex"),
    *_machine("storageAdapters.name", "storageAdapters.type", "storageAdapters.model"),
    *_machine("storageAdapters.driver", "storageAdapters.pci", "storageAdapters.wwnn"),
    *_machine("storageAdapters.wwpn", "storageAdapters.iqn", "storageAdapters.software"),
    *_machine("virtualNics.mac", "virtualSwitches.ports"),
    Rule("host", "virtualSwitches.nics", "repaired", _UPLINKS, _moved_nics),
    Rule("host", "virtualSwitches.policy.teaming.activeNics", "repaired", _UPLINKS, _moved_nics),
    Rule("host", "virtualSwitches.policy.teaming.standbyNics", "repaired", _UPLINKS, _moved_nics),
    Rule("host", "portGroups.policy.teaming.activeNics", "repaired", _UPLINKS, _moved_nics),
    Rule("host", "portGroups.policy.teaming.standbyNics", "repaired", _UPLINKS, _moved_nics),
    Rule("host", "portGroups.vlan", "had-to-be", _MODE_VLAN, _mapped_vlan),
    Rule("distributedSwitch", "members.nics", "repaired", _UPLINKS, _member_nics_moved),
    Rule("distributedSwitch", "uuid", "had-to-be", "the server gives every new switch an id of its own"),
    Rule("distributedPortGroup", "key", "had-to-be", "the server gives every new port group a key"),
    Rule("distributedPortGroup", "vlan", "had-to-be", _MODE_VLAN, _mapped_vlan),
    *_replica("url", "extents", "remoteHost", "remotePath", "mounts.path", "vmfsUuid", "capacityMib"),
    Rule("virtualMachine", "networkInterfaces.addresses", "had-to-be", "the guest reports them as it runs"),
    Rule("virtualMachine", "hostname", "had-to-be", "the guest reports it as it runs"),
    *(
        Rule("physicalServer", leaf, "had-to-be", "it runs on another machine, which has no less", _no_less)
        for leaf in ("cpuCores", "memoryMib", "diskGib", "nics")
    ),
    Rule("physicalServer", "gateway", "had-to-be", "the configuration names this gateway", _mapped_gateway),
    Rule("managementServer", "name", "had-to-be", "it is called by its host name now", _named_by_host_name),
    Rule("managementServer", "dnsServers", "had-to-be", _UNTOLD, _not_told),
    Rule("managementServer", "interfaces.gateway", "had-to-be", _UNTOLD, _not_told),
    Rule("managementServer", "interfaces.addresses.prefix", "had-to-be", _UNTOLD, _not_told),
    Rule("managementServer", "guest", "had-to-be", "it runs on a machine of its own now"),
    Rule("managementServer", "instanceUuid", "had-to-be", _NEW_SERVER),
    Rule("managementServer", "interfaces.mac", "had-to-be", _NEW_SERVER),
    Rule("managementServer", "interfaces.network", "had-to-be", "it is no guest of a network now"),
    Rule("managementServer", "cpus", "had-to-be", "it runs on a machine of its own now"),
    Rule("managementServer", "memoryMib", "had-to-be", "it runs on a machine of its own now"),
    Rule("managementServer", "storageGib", "had-to-be", "it runs on a machine of its own now"),
)

BY_LEAF = {(rule.kind, rule.leaf): rule for rule in RULES}
