"""Documents in and out of files, for the screens that edit one. All of it blocks: run it in a thread."""

from __future__ import annotations

import os
from pathlib import Path

from drconsole.errors import InvalidDocument
from drconsole.model.mapping import HostMapping, VmSelection

LIMIT = 64 * 1024 * 1024


def write_document(document: HostMapping | VmSelection, path: Path) -> Path:
    """Writes a document as XML, whole or not at all, and returns where."""
    from drconsole.documents import write_host_mapping, write_vm_selection

    data = write_host_mapping(document) if isinstance(document, HostMapping) else write_vm_selection(document)
    return write_bytes(data, path)


def write_bytes(data: bytes, path: Path) -> Path:
    """Writes a file, whole or not at all, and returns where. Raises OSError."""
    path = path.expanduser().absolute()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def read_mapping(path: Path) -> HostMapping:
    """Reads a host mapping. Raises InvalidDocument, OSError."""
    from drconsole.documents import read_host_mapping

    return read_host_mapping(read_bytes(path), str(path))


def read_selection(path: Path) -> VmSelection:
    """Reads a VM selection. Raises InvalidDocument, OSError."""
    from drconsole.documents import read_vm_selection

    return read_vm_selection(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Returns a document's bytes. Raises InvalidDocument where it is too large to be one, OSError."""
    path = path.expanduser()
    if path.stat().st_size > LIMIT:
        raise InvalidDocument("is larger than any document of ours", about=str(path))
    return path.read_bytes()
