"""Steps for storage: rescan each host once, then resolve or mount each datastore (R71, R77)."""

from __future__ import annotations

from math import ceil

from drconsole.model.inventory import Datastore, Host
from drconsole.model.site import GroupEntry
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.graph import Rebuild
from drconsole.platforms.vsphere.importer.host_steps import vmkernel_key

AT_ONCE = 8
"""On how many hosts one datastore is mounted at the same time."""


def add_storage_steps(rebuild: Rebuild) -> None:
    """Adds the mounts of every datastore in scope on the deployed hosts that had it mounted."""
    for datastore in rebuild.scope.datastores:
        entries = tuple(e for e in rebuild.plan.site.groups if e.datastore == datastore.name)
        hosts = tuple(
            host for mount in datastore.mounts for host in rebuild.scope.hosts if host.id == mount.host
        )
        if entries and hosts:
            _add_datastore(rebuild, datastore, entries, hosts)


def _add_datastore(
    rebuild: Rebuild, datastore: Datastore, entries: tuple[GroupEntry, ...], hosts: tuple[Host, ...]
) -> None:
    presented = tuple(dict.fromkeys(keys.presented(entry.id) for entry in entries))
    nfs = bool(datastore.remote_path)
    needs = presented + tuple(vmkernel_key(host) if nfs else _rescan(rebuild, host) for host in hosts)
    key = keys.datastore_mounted(rebuild.label(datastore))
    at = {f"host:{host.id}": host.id for host in hosts}
    if datastore.parent:
        at["folder"] = datastore.parent
    rebuild.add(
        key,
        "vsphere.mount-nfs" if nfs else "vsphere.mount-vmfs",
        about=datastore.name,
        title="mount the datastore",
        at=at,
        needs=needs,
        deadline="mount",
        rounds=ceil(len(hosts) / AT_ONCE),
        typical_s=15,
        id=datastore.id,
        name=datastore.name,
        vmfs_uuid=datastore.vmfs_uuid,
        drill=rebuild.plan.mode == "drill",
        presented=presented,
        volumes=[volume for entry in entries for volume in entry.volumes],
        read_only=[m.host for m in datastore.mounts if m.access == "readOnly" and f"host:{m.host}" in at],
    )
    rebuild.makes(key, datastore.id)


def _rescan(rebuild: Rebuild, host: Host) -> str:
    """Returns the key of the host's rescan, adding it at its first use: one finds all volumes."""
    key = step_key("import", host.name, "rescan")
    if not rebuild.has_step(key):
        groups = {entry.id for entry in rebuild.plan.site.groups if _in_scope(rebuild, entry)}
        rebuild.add(
            key,
            "vsphere.rescan",
            about=host.name,
            title="rescan the storage adapters",
            at={"host": host.id},
            needs=(
                keys.host_added(host.name),
                *_interfaces(host),
                *(keys.presented(group) for group in sorted(groups)),
            ),
            deadline="rescan",
            typical_s=20,
            presented=[keys.presented(group) for group in sorted(groups)],
        )
    return key


def _interfaces(host: Host) -> tuple[str, ...]:
    """A host that reaches block storage over the network has to have its interfaces before it looks."""
    return (vmkernel_key(host),) if any(a.type == "iscsi" for a in host.storage_adapters) else ()


def _in_scope(rebuild: Rebuild, entry: GroupEntry) -> bool:
    return any(datastore.name == entry.datastore for datastore in rebuild.scope.datastores)
