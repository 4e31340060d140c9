"""Guests come into the inventory: registered from their .vmx, or created."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from drconsole.lab.world.vim.new import changed, fault
from drconsole.lab.world.vim.vcenter import files
from drconsole.lab.world.vim.vcenter.clusters import ComputeResource
from drconsole.lab.world.vim.vcenter.devices import board, devices
from drconsole.lab.world.vim.vcenter.guest_config import config_from, spaced_to_uuid
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.tree import checked_name, datacenter_of, vcenter_of
from drconsole.lab.world.vim.vcenter.vmx import Descriptor, parse

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.esxi.host_system import HostSystem
    from drconsole.lab.world.vim.vcenter.folders import Folder


class Wanted(NamedTuple):
    """The parameters of RegisterVM_Task."""

    path: str
    name: str | None
    template: bool
    pool: Any
    host: Any


async def register_guest(call: Call, folder: Folder, wanted: Wanted) -> Any:
    """Registers a guest from the .vmx on a datastore that its host has mounted.

    Raises InvalidDatastorePath, FileNotFound, AlreadyExists (the path is registered),
    DuplicateName, InvalidArgument, and the faults of a host that does not answer.
    """
    pool, host = _place(folder, wanted)
    host.contact()
    path = files.path_of(wanted.path)
    settings = _settings(host, path)
    name = checked_name(wanted.name or settings.get("displayname", "") or path.file.rpartition("/")[2])
    _refuse_registered(folder, host, path)
    folder.refuse_duplicate(name)
    await call.take("vcenter.register-guest")
    _refuse_registered(folder, host, path)
    folder.refuse_duplicate(name)
    guest = add_guest(folder, host, None if wanted.template else pool, str(path), name, settings)
    if wanted.template != guest.props["config"].template:
        guest.set(config=changed(guest.props["config"], template=wanted.template))
    location = files.location(host, path)
    call.write(
        "register-guest", vcenter_of(guest).path_of(guest), host=host.name, vmx=str(path), location=location
    )
    return guest.ref()


def add_guest(  # noqa: PLR0917 - what a registration is
    folder: Folder,
    host: HostSystem,
    pool: ResourcePool | None,
    path: str,
    name: str,
    settings: dict[str, str],
) -> VirtualMachine:
    """Puts the guest of a parsed .vmx into the inventory, switched off."""
    home = files.path_of(path)

    def disk(file: str) -> tuple[str, Descriptor | None, Any]:
        there = home.beside(file)
        reference = files.reference(host, there)
        try:
            return str(there), Descriptor(files.read(host, there)), reference
        except (_method_fault(), ValueError):
            return str(there), None, reference

    def network(wanted: str) -> Any:
        found = (host.endpoint.objects.get(ref._moId) for ref in host.value("network"))
        return next((n.ref() for n in found if n is not None and n.value("name") == wanted), None)

    config = config_from(settings, path, devices(settings, disk, network), host.world.clock.now())
    instance = config.instanceUuid or str(uuid.UUID(int=host.world.random.getrandbits(128), version=4))
    if vcenter_of(folder).registered.knows(instance):
        # An instance uuid is one vCenter's own: a second guest of it gets another.
        instance = str(uuid.UUID(int=host.world.random.getrandbits(128), version=4))
    config = changed(config, name=name, instanceUuid=instance)
    guest = VirtualMachine(host.endpoint, config=config)
    if pool is not None:
        guest.set(resourcePool=pool.ref())
    host.endpoint.add(guest)
    vcenter_of(folder).registered.note(guest)
    guest.start_record(host)
    folder.adopt(guest)
    if pool is not None:
        pool.take_in(guest)
    return guest


async def create_guest(call: Call, folder: Folder, spec: Any, pool: Any, host: Any) -> Any:
    """Creates a guest with its files. Raises AlreadyExists where the .vmx stands already."""
    target, chosen = _place(folder, Wanted("", None, template=False, pool=pool, host=host))
    chosen.contact()
    name = checked_name(spec.name or "")
    folder.refuse_duplicate(name)
    path = _home(chosen, spec, name)
    if files.exists(chosen, path):
        raise fault("FileAlreadyExists", f"{path} exists", file=str(path))
    await call.take("vcenter.create")
    folder.refuse_duplicate(name)
    settings = _settings_of(spec, chosen)
    guest = add_guest(folder, chosen, target, str(path), name, settings)
    guest.set(
        config=changed(
            guest.props["config"], hardware=changed(guest.props["config"].hardware, device=list(board()))
        )
    )
    folder_path = path.file.rpartition("/")[0]
    created = [_with_file(change, path.datastore, folder_path) for change in spec.deviceChange]
    guest.reconfigure(changed(spec, deviceChange=created))
    call.write("create", vcenter_of(guest).path_of(guest), kind="VirtualMachine", host=chosen.name)
    return guest.ref()


def _with_file(change: Any, datastore: str, folder: str) -> Any:
    backing = getattr(change.device, "backing", None)
    name = getattr(backing, "fileName", None)
    if name is None or not hasattr(change.device, "capacityInKB") or (not name.endswith("]") and name):
        return change
    file = f"[{datastore}] {folder}/disk-{change.device.unitNumber or 0}.vmdk"
    return changed(change, device=changed(change.device, backing=changed(backing, fileName=file)))


def _home(host: HostSystem, spec: Any, name: str) -> files.DatastorePath:
    """Where a new guest's .vmx goes: `[datastore]` alone means a folder of the guest's name."""
    given = spec.files.vmPathName if spec.files else ""
    start, closing, rest = given.partition("]")
    if not closing:
        raise fault("InvalidDatastorePath", f"{given!r} is no datastore path", datastorePath=given)
    path = files.DatastorePath(start[1:], rest.strip() or f"{name}/{name}.vmx")
    files.mount_of(host, path)
    return path


def _settings_of(spec: Any, host: HostSystem) -> dict[str, str]:
    identity = spec.uuid or str(uuid.UUID(int=host.world.random.getrandbits(128), version=4))
    return {
        "config.version": "8",
        "virtualhw.version": (spec.version or "vmx-19").removeprefix("vmx-"),
        "guestos": spec.guestId or "other5xLinux64Guest",
        "numvcpus": str(spec.numCPUs or 1),
        "memsize": str(spec.memoryMB or 1024),
        "uuid.bios": identity,
        "vc.uuid": spec.instanceUuid or "",
    }


def _settings(host: HostSystem, path: files.DatastorePath) -> dict[str, str]:
    data = files.read(host, path)
    try:
        settings = parse(data)
        spaced_to_uuid(settings.get("uuid.bios", ""))
    except (ValueError, UnicodeDecodeError) as error:
        raise fault("InvalidVmConfig", f"{path} is no .vmx: {error}", property="vmPathName") from error
    return settings


def _place(folder: Folder, wanted: Wanted) -> tuple[ResourcePool | None, HostSystem]:
    """Finds pool and host of a registration; a template names only its host."""
    endpoint = folder.endpoint
    pool = endpoint.at(wanted.pool) if wanted.pool is not None else None
    host = cast("HostSystem", endpoint.at(wanted.host)) if wanted.host is not None else None
    if wanted.template and host is None:
        raise fault("InvalidArgument", "a template needs a host", invalidProperty="host")
    if not wanted.template and not isinstance(pool, ResourcePool):
        raise fault("InvalidArgument", "a guest needs a resource pool", invalidProperty="pool")
    owner = pool.owner if isinstance(pool, ResourcePool) else None
    if host is None and isinstance(owner, ComputeResource):
        host = cast("HostSystem | None", next(iter(owner.children.values()), None))
    if host is None:
        raise fault("InvalidState", "the pool has no host")
    if owner is not None and host.parent is not owner:
        raise fault(
            "InvalidArgument", "host and pool are not of one compute resource", invalidProperty="host"
        )
    if datacenter_of(folder) is not datacenter_of(host):
        raise fault("InvalidArgument", "folder and host are not of one datacenter", invalidProperty="host")
    return cast("ResourcePool | None", pool), host


def _refuse_registered(folder: Folder, host: HostSystem, path: files.DatastorePath) -> None:
    datacenter = datacenter_of(folder)
    for guest in vcenter_of(folder).registered.at(str(path)):
        if datacenter_of(guest) is datacenter:
            raise fault("AlreadyExists", f"{path} is registered as {guest.name}", name=str(path))


def _method_fault() -> Any:
    from drconsole.lab.world.vim.registry import wsdl_type

    return wsdl_type("MethodFault")
