"""Taking a snapshot: gather, fetch again what dangles, link, build (R13–R24)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from drconsole.model.inventory import COLLECTIONS, Object, Snapshot
from drconsole.model.site import SitePlan
from drconsole.platforms.contract import Progress
from drconsole.platforms.vsphere import collect, elements
from drconsole.platforms.vsphere.capture import linking, management, references, storage
from drconsole.platforms.vsphere.capture.gathered import Gathered
from drconsole.platforms.vsphere.collect import Paths
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.profile import Profile
from drconsole.platforms.vsphere.session import Session

ROUNDS = 3
"""How often what dangles is fetched again."""
PAUSE = 0.5
"""Seconds before the first time; a guest that is being created needs a moment."""

_TYPES: dict[str, tuple[str, ...]] = {
    "datacenter": ("Datacenter",),
    "folder": ("Folder",),
    "cluster": ("ClusterComputeResource", "ComputeResource"),
    "host": ("HostSystem",),
    "resourcePool": ("ResourcePool",),
    "vApp": ("VirtualApp",),
    "distributedSwitch": ("DistributedVirtualSwitch",),
    "distributedPortGroup": ("DistributedVirtualPortgroup",),
    "network": ("Network",),
    "datastore": ("Datastore",),
    "virtualMachine": ("VirtualMachine",),
}


async def take(session: Session, site: SitePlan, profile: Profile, progress: Progress) -> Snapshot:
    """Returns one consistent snapshot, or one that says what dangles in it."""
    paths: Paths = elements.paths_of(profile.elements)
    gathered = Gathered()
    async with collect.everything(session) as view:
        paths = await _gather(session, view, paths, gathered, progress)
    snapshot = _build(gathered, site, profile, frozenset(gathered.incomplete()))
    lost = references.dangling(snapshot)
    for attempt in range(1, ROUNDS + 1):
        wanted = _wanted(gathered, lost)
        if not wanted:
            break
        progress(f"{len(wanted)} objects changed during the capture; fetching them again ({attempt})")
        await asyncio.sleep(PAUSE * attempt)
        await _fetch(session, wanted, paths, gathered)
        snapshot = _build(gathered, site, profile, frozenset(gathered.incomplete()))
        lost = references.dangling(snapshot)
    snapshot = _replaced(snapshot, consistent=not lost, dangling=tuple(str(reference) for reference in lost))
    return await _finished(session, gathered, snapshot, profile, progress)


async def _gather(session: Session, view: Any, paths: Paths, gathered: Gathered, progress: Progress) -> Paths:
    """Reads everything; drops optional properties that the server does not know. Returns the paths used."""
    while True:
        try:
            await collect.retrieve(session, collect.over_view(session, view, paths), gathered.take)
        except Fault as fault:
            unknown = str(getattr(fault.fault, "name", ""))
            if fault.code != "InvalidProperty" or unknown not in elements.OPTIONAL_PATHS:
                raise
            progress(f"the server does not know {unknown}; captured without it")
            paths = {wsdl: tuple(p for p in asked if p != unknown) for wsdl, asked in paths.items()}
        else:
            return paths


def _wanted(gathered: Gathered, dangling: tuple[references.Reference, ...]) -> dict[str, tuple[str, ...]]:
    """Returns what to fetch again, id → managed types: both ends of what dangles, guests half made."""
    wanted: dict[str, tuple[str, ...]] = {id: (gathered.types[id],) for id in gathered.incomplete()}
    for reference in dangling:
        if reference.id in gathered.types:
            wanted[reference.id] = (gathered.types[reference.id],)
            types = (wsdl for kind in reference.kinds for wsdl in _TYPES.get(kind, ()))
            if reference.target:
                wanted[reference.target] = tuple(types)
    return wanted


async def _fetch(
    session: Session, wanted: dict[str, tuple[str, ...]], paths: Paths, gathered: Gathered
) -> None:
    seen: set[str] = set()

    def sink(found: collect.Found) -> None:
        if found.props:
            seen.add(found.id)
            gathered.take(found)

    objects = [(wsdl, id) for id, types in wanted.items() for wsdl in types]
    while objects:
        try:
            await collect.retrieve(session, collect.over_objects(objects, paths), sink)
            break
        except Fault as fault:
            gone = getattr(getattr(fault.fault, "obj", None), "_moId", None)
            if fault.code != "ManagedObjectNotFound" or gone is None:
                raise
            objects = [(wsdl, id) for wsdl, id in objects if id != gone]
    for id in wanted.keys() - seen:
        gathered.forget(id)


def _build(gathered: Gathered, site: SitePlan, profile: Profile, left_out: frozenset[str]) -> Snapshot:
    kinds = linking.link(gathered, left_out)
    built: dict[str, tuple[Object, ...]] = {}
    for field, kind in COLLECTIONS.items():
        blank = elements.fields_left_out(profile.elements, kind.kind)
        found = kinds.get(kind.kind, {})
        if kind.kind == "datastore":
            for facts in found.values():
                facts["volumes"] = storage.volumes_under(site, facts["name"])
        built[field] = tuple(linking.built(kind, id, found[id], blank) for id in sorted(found))
    snapshot = Snapshot(site=site.name, taken=_now(), profile=profile.name, **built)  # type: ignore[arg-type]  # COLLECTIONS says which class each field holds
    return _with_configuration(snapshot, site)


def _with_configuration(snapshot: Snapshot, site: SitePlan) -> Snapshot:
    return _replaced(
        snapshot,
        volumes=storage.volumes_of(site),
        storage_arrays=storage.arrays_of(site, snapshot.datastores),
        physical_servers=tuple(sorted(site.physical_servers, key=lambda server: server.id)),
    )


async def _finished(
    session: Session, gathered: Gathered, snapshot: Snapshot, profile: Profile, progress: Progress
) -> Snapshot:
    server = await management.management_server(session, snapshot.virtual_machines, progress)
    blank = elements.fields_left_out(profile.elements, "managementServer")
    for line in _remarks(gathered):
        progress(line)
    counts = ", ".join(f"{len(getattr(snapshot, f))} {f.replace('_', ' ')}" for f in COLLECTIONS)
    progress(f"captured {counts}")
    return _replaced(snapshot, management_server=management.without(server, blank))


def _remarks(gathered: Gathered) -> Iterable[str]:
    guests = gathered.of("virtualMachine")
    for id in gathered.incomplete():
        yield f"guest {guests[id]['name']} ({id}) has no configuration and is left out"
    for (what, fault), count in sorted(gathered.unreadable.items()):
        yield f"{what} of {count} objects could not be read: {fault}"
    for id, wsdl in gathered.types.items():
        if wsdl == "StoragePod":
            yield f"datastore cluster {gathered.of('folder')[id]['name']} is captured as a folder"


def _replaced(snapshot: Snapshot, **fields: Any) -> Snapshot:
    replaced: Snapshot = msgspec.structs.replace(snapshot, **fields)
    return replaced


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
