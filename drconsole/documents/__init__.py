"""Documents: XML in and out, their schemas, and the gate for XML of others.

`read_*` take bytes (never a path) and `about`, the file or id to name in an error; they raise
InvalidDocument for anything that is not wholly right. `write_*` give canonical bytes.
lxml is imported when a document is first read or written: whoever only shows values needs none.
"""

from __future__ import annotations

from drconsole.model.inventory.snapshot import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection


def write_snapshot(snapshot: Snapshot) -> bytes:
    """Returns the snapshot document."""
    from drconsole.documents import kinds, writing

    return writing.encode(snapshot, kinds.SNAPSHOT)


def read_snapshot(data: bytes, about: str = "") -> Snapshot:
    """Returns the snapshot that the document holds."""
    from drconsole.documents import kinds, reading

    return reading.decode(data, kinds.SNAPSHOT, Snapshot, about)


def write_host_mapping(mapping: HostMapping) -> bytes:
    """Returns the host mapping document (R44–R46)."""
    from drconsole.documents import kinds, writing

    return writing.encode(mapping, kinds.HOST_MAPPING)


def read_host_mapping(data: bytes, about: str = "") -> HostMapping:
    """Returns the mapping: no target twice, a target for each machine that is deployed."""
    from drconsole.documents import kinds, reading

    return reading.decode(data, kinds.HOST_MAPPING, HostMapping, about)


def write_vm_selection(selection: VmSelection) -> bytes:
    """Returns the VM selection document (R52)."""
    from drconsole.documents import kinds, writing

    return writing.encode(selection, kinds.VM_SELECTION)


def read_vm_selection(data: bytes, about: str = "") -> VmSelection:
    """Returns the flags of the guests."""
    from drconsole.documents import kinds, reading

    return reading.decode(data, kinds.VM_SELECTION, VmSelection, about)


def kind_of(data: bytes, about: str = "") -> str:
    """Returns `snapshot`, `hostMapping` or `vmSelection`; refuses what none of them is.

    Only the gate and the root are looked at: what is inside may still be wrong.
    """
    from drconsole.documents import gate

    return gate.root_of(data, about).root
