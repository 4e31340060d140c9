"""The two documents that operators hand to a run, read from files."""

from __future__ import annotations

from drconsole.model.mapping import HostMapping, VmSelection


def mapping_from(path: str | None) -> HostMapping | None:
    """Returns the host mapping of a file, None where none was named. Raises InvalidDocument."""
    if path is None:
        return None
    from drconsole.cli.snapshot import read_file
    from drconsole.documents import read_host_mapping

    return read_host_mapping(read_file(path), path)


def selection_from(path: str | None) -> VmSelection | None:
    """Returns the VM selection of a file, None where none was named. Raises InvalidDocument."""
    if path is None:
        return None
    from drconsole.cli.snapshot import read_file
    from drconsole.documents import read_vm_selection

    return read_vm_selection(read_file(path), path)
