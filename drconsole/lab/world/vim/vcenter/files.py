"""Files of guests: datastore paths, and what a host reads there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from drconsole.lab.world.vim.new import fault

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.storage import Mount
    from drconsole.lab.world.vim.esxi.host_system import HostSystem


class DatastorePath(NamedTuple):
    """`[datastore] folder/file`, taken apart; the datastore's name as the inventory stores it."""

    datastore: str
    file: str

    def __str__(self) -> str:
        return f"[{self.datastore}] {self.file}"

    def beside(self, name: str) -> DatastorePath:
        """Returns the path of a file that one names in its own folder, or wholly."""
        if name.startswith("["):
            return path_of(name)
        folder, slash, _ = self.file.rpartition("/")
        return DatastorePath(self.datastore, f"{folder}{slash}{name}")


def path_of(text: str) -> DatastorePath:
    """Takes a datastore path apart. Raises InvalidDatastorePath."""
    start, separator, rest = text.partition("] ")
    if not start.startswith("[") or not separator or not rest:
        raise fault("InvalidDatastorePath", f"{text!r} is no datastore path", datastorePath=text)
    return DatastorePath(start[1:], rest)


def mount_of(host: HostSystem, path: DatastorePath) -> Mount:
    """Returns the datastore of a path as a host has it. Raises InvalidDatastorePath where the host
    has none of that name, InaccessibleDatastore where it does not reach it now."""
    from drconsole.lab.world.vim.objects import entity_name

    mounts = host.hypervisor.storage.mounts
    mount = next((m for m in mounts if path.datastore in {m.name, entity_name(m.name)}), None)
    if mount is None:
        raise fault(
            "InvalidDatastorePath", f"{host.name} has no datastore {path.datastore}", datastorePath=str(path)
        )
    if not host.hypervisor.storage.accessible(mount):
        raise fault("InaccessibleDatastore", f"{host.name} does not reach {path.datastore}", name=mount.name)
    return mount


def read(host: HostSystem, path: DatastorePath) -> bytes:
    """Returns a file as a host reads it. Raises FileNotFound and the faults of `mount_of`."""
    try:
        return mount_of(host, path).volume.read(path.file)
    except FileNotFoundError as error:
        raise fault("FileNotFound", f"{path} was not found", file=str(path)) from error


def write(host: HostSystem, path: DatastorePath, data: bytes) -> None:
    """Writes a file. Raises CannotAccessFile where the volume is not writable."""
    try:
        mount_of(host, path).volume.write(path.file, data)
    except PermissionError as error:
        raise fault("CannotAccessFile", str(error), file=str(path)) from error


def exists(host: HostSystem, path: DatastorePath) -> bool:
    """Says whether a host sees a file."""
    return mount_of(host, path).volume.exists(path.file)


def delete_folder(host: HostSystem, path: DatastorePath) -> None:
    """Deletes the folder that a file lies in, with all in it."""
    volume = mount_of(host, path).volume
    folder = path.file.rpartition("/")[0]
    for name in tuple(volume.under(folder) if folder else (path.file,)):
        volume.delete(name)


def location(host: HostSystem, path: DatastorePath) -> str:
    """Returns where a file lies for good: the volume's own identity and the path in it. A copied or
    resignatured volume is another place, which is what makes a guest ask whether it was moved."""
    return f"{mount_of(host, path).uuid}:{path.file}"


def reference(host: HostSystem, path: DatastorePath) -> Any:
    """Returns the reference to the datastore of a path, None where the inventory has none."""
    found = (host.endpoint.objects.get(ref._moId) for ref in host.value("datastore") or ())
    return next((d.ref() for d in found if d is not None and d.value("name") == path.datastore), None)
