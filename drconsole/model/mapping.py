"""Which target takes which role, and which guests are recovered (R44–R46, R51–R53)."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import Element, NonEmpty, SnapshotId, always, tag

RoleKind = Literal["management", "host", "physical"]


class ManagementRole(Element, frozen=True, kw_only=True):
    """The management server's target. It is always deployed: nothing is recovered without it."""

    protected: NonEmpty
    target: NonEmpty


class HostRole(Element, frozen=True, kw_only=True):
    """A host's target; `protected` is its id in the snapshot. No target only where not deployed."""

    protected: NonEmpty
    name: str
    target: str = ""
    deploy: Annotated[bool, always()] = True


class PhysicalRole(Element, frozen=True, kw_only=True):
    """A physical server's dedicated target (R48, R49); `protected` is its name."""

    protected: NonEmpty
    target: str = ""
    deploy: Annotated[bool, always()] = True


class HostMapping(Element, frozen=True, kw_only=True):
    """The host mapping document. `snapshot` is `sha256:` and the hash of the snapshot's bytes.

    `management_server` is None only where nothing but physical servers is recovered.
    """

    site: NonEmpty
    snapshot: SnapshotId
    management_server: ManagementRole | None = None
    hosts: Annotated[tuple[HostRole, ...], tag("host")] = ()
    physical_servers: Annotated[tuple[PhysicalRole, ...], tag("physicalServer")] = ()


class GuestFlag(Element, frozen=True, kw_only=True):
    """Whether one guest is recovered; `id` is its id in the snapshot."""

    id: NonEmpty
    name: str
    deploy: Annotated[bool, always()] = True


class VmSelection(Element, frozen=True, kw_only=True):
    """The VM selection document: a flag a guest, no mapping (R52)."""

    site: NonEmpty
    snapshot: SnapshotId
    virtual_machines: Annotated[tuple[GuestFlag, ...], tag("virtualMachine")] = ()
