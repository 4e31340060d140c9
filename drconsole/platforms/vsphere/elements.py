"""The elements of a capture (R15–R17): what each takes from the wire, and which stage cannot do without.

An element is named by its place in the document, such as `host.physicalNic`. Leaving it out takes its
property paths out of the requests, unless another element needs them too, and its fields out of the
document. The property paths are those of the vSphere Web Services API, 6.5 and later. Some are asked
for whole, because real servers refuse a path through a property whose declared type is only a base of
what it holds (`configurationEx`, a distributed switch's `config`, a datastore's `info`).
"""

from __future__ import annotations

import msgspec

from drconsole.model.step import Stage


class CaptureElement(msgspec.Struct, frozen=True):
    """One element. `kind` is the document's word for the object, `fields` are the fields of its class
    in the model that it fills, `paths` the properties by managed type, `needed_by` the first stage
    that needs it, None where a recovery does without. `optional` paths may be unknown to a server.
    """

    name: str
    kind: str
    fields: tuple[str, ...]
    paths: dict[str, tuple[str, ...]]
    needed_by: Stage | None = None
    optional: tuple[str, ...] = ()


def _of(
    wsdl: str,
    name: str,
    fields: str,
    paths: str,
    needed_by: Stage | None = None,
    *,
    optional: str = "",
) -> CaptureElement:
    asked = (*paths.split(), *optional.split())
    return CaptureElement(
        name=name,
        kind=name.partition(".")[0],
        fields=tuple(fields.split()),
        paths={wsdl: asked} if asked else {},
        needed_by=needed_by,
        optional=tuple(optional.split()),
    )


_FOLDER, _HOST, _VM = "Folder", "HostSystem", "VirtualMachine"
_DC, _CR, _CCR, _POOL, _VAPP = (
    "Datacenter",
    "ComputeResource",
    "ClusterComputeResource",
    "ResourcePool",
    "VirtualApp",
)
_DVS, _DVPG, _NET, _DS = "DistributedVirtualSwitch", "DistributedVirtualPortgroup", "Network", "Datastore"

ELEMENTS: tuple[CaptureElement, ...] = (
    _of("", "managementServer.product", "product version build api_version instance_uuid", "", "provision"),
    _of("", "managementServer.interface", "hostname guest interfaces dns_servers", "", "provision"),
    _of("", "managementServer.size", "cpus memory_mib storage_gib", "", "map"),
    _of(
        _DC,
        "datacenter",
        "name parent vm_folder host_folder datastore_folder network_folder",
        "name parent vmFolder hostFolder datastoreFolder networkFolder",
        "uplinks",
    ),
    _of(_FOLDER, "folder", "name parent type", "name parent childType", "import"),
    _of(_CR, "host.standalone", "", "parent resourcePool host", "import"),
    _of(_CCR, "cluster", "name parent resource_pool", "name parent resourcePool", "import"),
    _of(_CCR, "cluster.drs", "drs", "configurationEx"),
    _of(_CCR, "cluster.ha", "ha", "configurationEx"),
    _of(_CCR, "cluster.group", "groups", "configurationEx"),
    _of(_CCR, "cluster.rule", "rules", "configurationEx"),
    _of(_CCR, "cluster.evcMode", "evc_mode", "summary.currentEVCModeKey"),
    _of(_HOST, "host", "name parent", "name parent", "map"),
    _of(
        _HOST,
        "host.state",
        "maintenance connection",
        "runtime.connectionState runtime.inMaintenanceMode",
        "import",
    ),
    _of(
        _HOST,
        "host.hardware",
        "hardware",
        "hardware.systemInfo hardware.cpuInfo hardware.memorySize summary.hardware.cpuModel hardware.cpuPkg",
        "map",
    ),
    _of(
        _HOST,
        "host.product",
        "product",
        "config.product.name config.product.version config.product.build",
        "provision",
    ),
    _of(_HOST, "host.physicalNic", "physical_nics", "config.network.pnic", "uplinks"),
    _of(
        _HOST,
        "host.virtualSwitch",
        "virtual_switches",
        "config.network.vswitch config.network.pnic",
        "uplinks",
    ),
    _of(_HOST, "host.portGroup", "port_groups", "config.network.portgroup", "uplinks"),
    _of(
        _HOST,
        "host.virtualNic",
        "virtual_nics",
        "config.network.vnic config.virtualNicManagerInfo.netConfig",
        "uplinks",
    ),
    _of(
        _HOST,
        "host.gateway",
        "gateway",
        "config.network.ipRouteConfig",
        "uplinks",
    ),
    _of(_HOST, "host.dns", "dns", "config.network.dnsConfig"),
    _of(_HOST, "host.route", "routes", "config.network.routeTableInfo"),
    _of(
        _HOST,
        "host.ntpServer",
        "ntp_servers ntp_running",
        "config.dateTimeInfo.ntpConfig.server config.service.service",
    ),
    _of(_HOST, "host.storageAdapter", "storage_adapters", "config.storageDevice.hostBusAdapter"),
    _of(_POOL, "resourcePool", "name parent", "name parent", "import"),
    _of(_POOL, "resourcePool.allocation", "cpu memory", "config.cpuAllocation config.memoryAllocation"),
    _of(_VAPP, "vApp", "name parent folder", "name parent parentFolder", "import"),
    _of(_VAPP, "vApp.allocation", "cpu memory", "config.cpuAllocation config.memoryAllocation"),
    _of(_VAPP, "vApp.entity", "entities annotation", "vAppConfig"),
    _of(
        _DVS,
        "distributedSwitch",
        "name parent uuid version mtu max_ports uplinks members link_discovery link_discovery_operation "
        "network_resource_control description",
        "name parent uuid config",
        "import",
    ),
    _of(
        _DVPG,
        "distributedPortGroup",
        "name parent switch key binding ports vlan private_vlan trunk",
        "name parent key config.distributedVirtualSwitch config.type config.numPorts "
        "config.defaultPortConfig",
        "import",
    ),
    _of(_DVPG, "distributedPortGroup.policy", "policy", "config.defaultPortConfig"),
    _of(_DVPG, "distributedPortGroup.description", "description", "config.description"),
    _of(_NET, "network", "name parent hosts", "name parent host", "import"),
    _of(
        _DS,
        "datastore",
        "name parent type url local vmfs_uuid remote_host remote_path extents",
        "name parent summary.type summary.url info",
        "storage",
    ),
    _of(_DS, "datastore.mount", "mounts", "host", "storage"),
    _of(_DS, "datastore.capacity", "capacity_mib vmfs_version", "summary.capacity info"),
    _of(
        _VM,
        "virtualMachine",
        "name folder resource_pool host power template uuid instance_uuid vmx_path",
        "name parent resourcePool runtime.host runtime.powerState config.template config.uuid "
        "config.instanceUuid config.files.vmPathName",
        "guests",
        optional="parentVApp",
    ),
    _of(
        _VM,
        "virtualMachine.size",
        "cpus memory_mib",
        "config.hardware.numCPU config.hardware.memoryMB",
        "preflight",
    ),
    _of(
        _VM,
        "virtualMachine.configuration",
        "guest_os hardware_version firmware cores_per_socket",
        "config.guestId config.version config.firmware",
        optional="config.hardware.numCoresPerSocket",
    ),
    _of(_VM, "virtualMachine.disk", "disks", "config.hardware.device", "preflight"),
    _of(_VM, "virtualMachine.networkInterface", "network_interfaces", "config.hardware.device", "guests"),
    _of(_VM, "virtualMachine.networkInterface.address", "", "guest.net", "preflight"),
    _of(_VM, "virtualMachine.device", "iso_path passthrough vtpm", "config.hardware.device", "preflight"),
    _of(_VM, "virtualMachine.managedBy", "managed_by", "config.managedBy", "preflight"),
    _of(_VM, "virtualMachine.faultTolerance", "fault_tolerance", "config.ftInfo", "preflight"),
    _of(_VM, "virtualMachine.encrypted", "encrypted", "", "preflight", optional="config.keyId"),
    _of(_VM, "virtualMachine.hostname", "hostname", "guest.hostName", "preflight"),
    _of(_VM, "virtualMachine.annotation", "annotation", "config.annotation"),
    _of(_VM, "virtualMachine.snapshots", "snapshots", "rootSnapshot"),
    _of(_VM, "virtualMachine.allocation", "cpu memory", "config.cpuAllocation config.memoryAllocation"),
    _of("", "volume", "", "", "halt"),
    _of("", "storageArray", "", "", "halt"),
    _of("", "physicalServer", "", "", "map"),
)
"""Every element, in document order."""

BY_NAME: dict[str, CaptureElement] = {element.name: element for element in ELEMENTS}


def paths_of(names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Returns the property paths that these elements need, by managed type, in a steady order."""
    found: dict[str, dict[str, None]] = {}
    for element in ELEMENTS:
        if element.name in names:
            for wsdl, paths in element.paths.items():
                found.setdefault(wsdl, {}).update(dict.fromkeys(paths))
    return {wsdl: tuple(paths) for wsdl, paths in found.items()}


def fields_left_out(names: frozenset[str], kind: str) -> frozenset[str]:
    """Returns the fields of a kind that no element of `names` fills, but another one would."""
    kept = {f for e in ELEMENTS if e.kind == kind and e.name in names for f in e.fields}
    all_fields = {f for e in ELEMENTS if e.kind == kind for f in e.fields}
    return frozenset(all_fields - kept)


OPTIONAL_PATHS: frozenset[str] = frozenset(path for element in ELEMENTS for path in element.optional)
"""Paths that a server may not know: they are asked for again without."""
