"""Volumes: a small tree of files and a counter of written blocks, copied by sharing what is equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vmfs:
    """The header of a VMFS: label, uuid, and the naa id of the LUN that it was made on. On a LUN of
    another naa the volume is a copy, and a host does not mount it unasked."""

    label: str
    uuid: str
    naa: str


@dataclass(frozen=True)
class Image:
    """What was on a volume at one instant. `block` tells a lost or a late write.

    `files` is shared by every volume that holds this image: nobody writes into it.
    """

    files: dict[str, bytes]
    block: int
    vmfs: Vmfs | None


@dataclass
class Volume:
    """A volume of an array. Either `naa` is set (a LUN) or `export` (an NFS path) with `server`,
    the portal's address under which it is mounted.

    `writers` are the running guests that work on it; None where nobody tells, as of a volume whose
    hosts are not in this world: it is written all the time. `fenced` is a source that no host may
    write to any more.

    Files are named by their path inside the datastore: `web-01/web-01.vmx`. `initiators` are who
    it is presented to, `source` the id on the peer of what it replicates, "" where it does not.
    """

    array: str
    id: str
    size_bytes: int
    naa: str = ""
    export: str = ""
    server: str = ""
    source: str = ""
    lun: int | None = None
    initiators: list[str] = field(default_factory=list)
    writable: bool = True
    fenced: bool = False
    writers: set[str] | None = None
    block: int = 0
    vmfs: Vmfs | None = None
    _files: dict[str, bytes] = field(default_factory=dict)
    _shared: bool = False

    @property
    def path(self) -> str:
        """Its path in the ledger."""
        return f"{self.array}/{self.id}"

    def worked_on(self) -> None:
        """Counts the blocks that whoever runs on it wrote of late."""
        if self.writable and (self.writers is None or self.writers):
            self.block += 1

    def image(self) -> Image:
        """Returns what is on it now; costs nothing until either side writes."""
        self._shared = True
        return Image(self._files, self.block, self.vmfs)

    def load(self, image: Image) -> None:
        """Becomes a copy of an image."""
        self._files, self._shared = image.files, True
        self.block, self.vmfs = image.block, image.vmfs

    def holds(self, origin: Volume) -> bool:
        """Whether nothing was written since it became a copy of `origin`."""
        return self._files is origin._files and (self.block, self.vmfs) == (origin.block, origin.vmfs)

    def read(self, path: str) -> bytes:
        """Returns a file. Raises FileNotFoundError."""
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(f"{self.path}: {path}") from None

    def exists(self, path: str) -> bool:
        """Whether there is a file of this path, or a folder with files in it."""
        return path in self._files or any(True for _ in self.under(path))

    def under(self, folder: str) -> Iterator[str]:
        """Yields the paths of the files in a folder, at any depth; "" for all."""
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        return (path for path in self._files if path.startswith(prefix))

    def write(self, path: str, data: bytes) -> None:
        """Writes a file. Raises PermissionError where the volume receives replication."""
        self._own()[path] = data
        self.block += 1

    def delete(self, path: str) -> None:
        """Deletes a file. Raises FileNotFoundError, PermissionError."""
        if path not in self._files:
            raise FileNotFoundError(f"{self.path}: {path}")
        del self._own()[path]
        self.block += 1

    def label(self, vmfs: Vmfs) -> None:
        """Rewrites the VMFS header: a format, a resignature, a rename."""
        self._own()
        self.vmfs = vmfs
        self.block += 1

    def _own(self) -> dict[str, bytes]:
        if not self.writable:
            raise PermissionError(f"{self.path} receives replication")
        if self._shared:
            self._files, self._shared = dict(self._files), False
        return self._files
