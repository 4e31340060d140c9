"""Datastores, and what the configuration says lies behind them (R5)."""

from __future__ import annotations

from drconsole.model.inventory import Datastore, Mount, StorageArray, Volume
from drconsole.model.site import SitePlan
from drconsole.platforms.vsphere.capture.tree import Facts, named
from drconsole.platforms.vsphere.leaves import Props, Val, child, children, items, number, text, truth

_MIB = 1 << 20


def datastore(props: Props) -> Facts:
    """A Datastore's facts. Free space is volatile and left alone."""
    info = props.get("info")
    vmfs, nas = child(info, "vmfs"), child(info, "nas")
    return {
        **named(props),
        "type": text(props.get("summary.type")),
        "url": text(props.get("summary.url")),
        "local": truth(vmfs, "local"),
        "capacity_mib": number(props.get("summary.capacity")) // _MIB,
        "vmfs_uuid": text(vmfs, "uuid"),
        "vmfs_version": text(vmfs, "version"),
        "remote_host": text(nas, "remoteHost"),
        "remote_path": text(nas, "remotePath"),
        "extents": tuple(text(extent, "diskName") for extent in children(vmfs, "extent")),
        "mounts": tuple(sorted((_mount(m) for m in items(props.get("host"))), key=lambda m: m.host)),
    }


def _mount(value: Val) -> Mount:
    read_only = text(value, "mountInfo", "accessMode") == "readOnly"
    return Mount(
        host=text(value, "key"),
        path=text(value, "mountInfo", "path"),
        access="readOnly" if read_only else "readWrite",
    )


def volumes_of(site: SitePlan) -> tuple[Volume, ...]:
    """Returns the volumes that the configuration names, each with its replication group."""
    found = {
        f"{entry.array}/{volume}": Volume(
            id=f"{entry.array}/{volume}", name=volume, array=entry.array, group=entry.group
        )
        for entry in site.groups
        for volume in entry.volumes
    }
    return tuple(found[id] for id in sorted(found))


def volumes_under(site: SitePlan, datastore_name: str) -> tuple[str, ...]:
    """Returns the ids of the volumes that lie under a datastore."""
    ids = {f"{e.array}/{v}" for e in site.groups if e.datastore == datastore_name for v in e.volumes}
    return tuple(sorted(ids))


def arrays_of(site: SitePlan, datastores: tuple[Datastore, ...]) -> tuple[StorageArray, ...]:
    """Returns the site's arrays and the recovery arrays that hold their copies.

    An array's hosts are those that mount a datastore on one of its volumes.
    """
    named_here = {entry.array for entry in site.groups}
    places = {p.name: p for p in site.arrays if p.name in named_here or p.peer in named_here}
    found = []
    for name in sorted(named_here | set(places)):
        place = places.get(name)
        found.append(
            StorageArray(
                id=name,
                name=name,
                driver=place.driver if place else "",
                side=place.side if place else "protected",
                hosts=_hosts_at(name, datastores),
            )
        )
    return tuple(found)


def _hosts_at(array: str, datastores: tuple[Datastore, ...]) -> tuple[str, ...]:
    on_it = (d for d in datastores if any(v.startswith(f"{array}/") for v in d.volumes))
    return tuple(sorted({mount.host for d in on_it for mount in d.mounts}))
