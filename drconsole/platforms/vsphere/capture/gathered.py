"""What a capture has gathered so far: the facts of each object by kind and id, still unlinked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from drconsole.platforms.vsphere.capture import cluster, guest, host, network, storage, tree
from drconsole.platforms.vsphere.capture.tree import Facts
from drconsole.platforms.vsphere.collect import Found
from drconsole.platforms.vsphere.leaves import Props, text

STANDALONE = "computeResource"
"""The kind, here only, of a ComputeResource around a single host: the model has no place for it."""


def _standalone(props: Props) -> Facts:
    return {
        "name": "",
        "parent": text(props.get("parent")),
        "resource_pool": text(props.get("resourcePool")),
    }


_Converter = Callable[[Props], Facts]
_KINDS: dict[str, tuple[str, _Converter]] = {
    "Datacenter": ("datacenter", tree.datacenter),
    "Folder": ("folder", tree.folder),
    "StoragePod": ("folder", tree.folder),
    "ComputeResource": (STANDALONE, _standalone),
    "ClusterComputeResource": ("cluster", cluster.cluster),
    "HostSystem": ("host", host.host),
    "ResourcePool": ("resourcePool", tree.pool),
    "VirtualApp": ("vApp", cluster.vapp),
    "DistributedVirtualSwitch": ("distributedSwitch", network.switch),
    "VmwareDistributedVirtualSwitch": ("distributedSwitch", network.switch),
    "DistributedVirtualPortgroup": ("distributedPortGroup", network.port_group),
    "Network": ("network", network.network),
    "OpaqueNetwork": ("network", network.network),
    "Datastore": ("datastore", storage.datastore),
    "VirtualMachine": ("virtualMachine", guest.guest),
}


class Gathered:
    """Takes objects as they arrive; a later arrival of the same object replaces the earlier one."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, Facts]] = {kind: {} for kind, _ in _KINDS.values()}
        self.types: dict[str, str] = {}
        self.unreadable: Counter[tuple[str, str]] = Counter()
        """(managed type and path, fault) → how many objects did not show it."""

    def take(self, found: Found) -> None:
        """Converts one object of a reply. Kinds that the model does not hold are passed over."""
        known = _KINDS.get(found.wsdl)
        if known is None:
            return
        kind, convert = known
        self.types[found.id] = found.wsdl
        self.kinds[kind][found.id] = convert(found.props)
        for path, fault in found.missing.items():
            self.unreadable[f"{found.wsdl} {path}", fault] += 1

    def forget(self, id: str) -> None:
        """Drops an object that is no longer there."""
        self.types.pop(id, None)
        for objects in self.kinds.values():
            objects.pop(id, None)

    def of(self, kind: str) -> dict[str, Facts]:
        """Returns the objects of a kind by id."""
        return self.kinds[kind]

    def incomplete(self) -> tuple[str, ...]:
        """Returns the guests that have no configuration: being created, or out of reach for good."""
        return tuple(id for id, facts in self.of("virtualMachine").items() if not facts["_complete"])
