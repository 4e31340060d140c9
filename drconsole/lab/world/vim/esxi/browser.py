"""HostDatastoreBrowser: searching the files of datastores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.datastore import Datastore
from drconsole.lab.world.vim.esxi.files import datastore_path, locate
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.new import array, fault, new
from drconsole.lab.world.vim.objects import Endpoint, ManagedObject, computed
from drconsole.lab.world.vim.registry import is_subclass, wire_name, wsdl_type
from drconsole.lab.world.volumes import Volume

KINDS = {
    ".vmx": "VmConfigFileInfo",
    ".vmtx": "VmTemplateFileInfo",
    ".vmdk": "VmDiskFileInfo",
    ".nvram": "VmNvramFileInfo",
    ".log": "VmLogFileInfo",
    ".vmsn": "VmSnapshotFileInfo",
    ".iso": "IsoImageFileInfo",
}
"""File name ending → type of FileInfo."""

FOLDER, OTHER = "FolderFileInfo", "FileInfo"


class _Searching(ManagedObject):
    wsdl = "HostDatastoreBrowser"
    defaults: ClassVar[dict[str, Any]] = {"supportedType": []}

    def within(self) -> list[Datastore]:
        """Returns the datastores that may be searched."""
        raise NotImplementedError

    @computed("datastore")
    def _datastores(self) -> Any:
        return [datastore.ref() for datastore in self.within()]

    async def SearchDatastore_Task(self, call: Call, datastorePath: str, searchSpec: Any) -> Any:
        datastore, folder = self._folder(datastorePath)
        return _results(datastore, folder, searchSpec)

    async def SearchDatastoreSubFolders_Task(self, call: Call, datastorePath: str, searchSpec: Any) -> Any:
        datastore, folder = self._folder(datastorePath)
        found = [_results(datastore, at, searchSpec) for at in (folder, *_folders(datastore.volume, folder))]
        return array("HostDatastoreBrowserSearchResults", found)

    async def DeleteFile(self, call: Call, datastorePath: str) -> None:
        datastore, path = locate(self.within(), datastorePath)
        try:
            datastore.volume.delete(path)
        except FileNotFoundError:
            raise fault("FileNotFound", file=datastorePath) from None
        except PermissionError:
            raise fault("CannotAccessFile", file=datastorePath) from None

    def _folder(self, text: str) -> tuple[Datastore, str]:
        datastore, folder = locate(self.within(), text)
        if folder and not datastore.volume.exists(folder):
            raise fault("FileNotFound", file=text)
        return datastore, folder


class HostDatastoreBrowser(_Searching, HostPart):
    """Searches what one host has mounted."""

    def within(self) -> list[Datastore]:
        return inventory.datastores_of(self.host)


class DatastoreBrowser(_Searching):
    """Searches one datastore."""

    def __init__(self, endpoint: Endpoint, moid: str, datastore: Datastore) -> None:
        super().__init__(endpoint, moid)
        self._datastore = datastore

    def within(self) -> list[Datastore]:
        return [self._datastore]


def _results(datastore: Datastore, folder: str, spec: Any) -> Any:
    files = [_shown(datastore, path, kind, spec) for path, kind in _entries(datastore.volume, folder, spec)]
    at = f"{folder}/" if folder else ""
    return new(
        "HostDatastoreBrowserSearchResults",
        datastore=datastore.ref(),
        folderPath=datastore_path(datastore, at),
        file=files,
    )


def _entries(volume: Volume, folder: str, spec: Any) -> Iterator[tuple[str, str]]:
    """Yields (path, type) of what a search finds directly in a folder."""
    patterns = list(spec.matchPattern) if spec is not None and spec.matchPattern else ["*"]
    kinds = _wanted(spec)
    fold = spec is None or spec.searchCaseInsensitive is not False
    start = len(folder) + 1 if folder else 0
    direct = sorted(path for path in volume.under(folder) if "/" not in path[start:])
    below = sorted({path[: path.index("/", start)] for path in volume.under(folder) if "/" in path[start:]})
    for path, kind in (*((p, FOLDER) for p in below), *((p, _kind(p)) for p in direct)):
        if kind in kinds and _matches(path[start:], patterns, fold=fold):
            yield path, kind


def _wanted(spec: Any) -> frozenset[str]:
    every = frozenset({FOLDER, OTHER, *KINDS.values()})
    queries = list(spec.query) if spec is not None else []
    if not queries or any(wire_name(type(query)) == "FileQuery" for query in queries):
        return every
    return frozenset(wire_name(type(query)).removesuffix("Query") + "Info" for query in queries)


def _matches(name: str, patterns: Iterable[str], *, fold: bool) -> bool:
    return any(
        fnmatchcase(name.lower(), pattern.lower()) if fold else fnmatchcase(name, pattern)
        for pattern in patterns
    )


def _kind(path: str) -> str:
    return next((kind for ending, kind in KINDS.items() if path.lower().endswith(ending)), OTHER)


def _shown(datastore: Datastore, path: str, kind: str, spec: Any) -> Any:
    details = spec.details if spec is not None else None
    values: dict[str, Any] = {"path": path.rpartition("/")[2]}
    if details is not None and details.fileSize and kind != FOLDER:
        values["fileSize"] = len(datastore.volume.read(path))
    if details is not None and details.modification:
        values["modification"] = datastore.world.clock.now()
    if details is not None and details.fileOwner:
        values["owner"] = "root"
    cls = wsdl_type(kind if details is None or details.fileType else OTHER)
    return new(cls if is_subclass(cls, wsdl_type(OTHER)) else OTHER, **values)


def _folders(volume: Volume, folder: str) -> list[str]:
    start = len(folder) + 1 if folder else 0
    found = set()
    for path in volume.under(folder):
        parts = path[start:].split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            found.add(path[:start] + "/".join(parts[:depth]))
    return sorted(found)
