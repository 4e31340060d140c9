"""Which target takes which role, and which guests are recovered (R44–R46, R51–R53)."""

from __future__ import annotations

from typing import Literal

from drconsole.model.inventory.base import Element

RoleKind = Literal["management", "host", "physical"]


class ManagementRole(Element, frozen=True, kw_only=True):
    """The management server's target. It is always deployed: nothing is recovered without it."""

    protected: str
    target: str


class HostRole(Element, frozen=True, kw_only=True):
    """A host's target; `protected` is its id in the snapshot. No target only where not deployed."""

    protected: str
    name: str
    target: str = ""
    deploy: bool = True


class PhysicalRole(Element, frozen=True, kw_only=True):
    """A physical server's dedicated target (R48, R49); `protected` is its name."""

    protected: str
    target: str = ""
    deploy: bool = True


class HostMapping(Element, frozen=True, kw_only=True):
    """The host mapping document. `snapshot` is `sha256:` and the hash of the snapshot's bytes.

    `management_server` is None only where nothing but physical servers is recovered.
    """

    site: str
    snapshot: str
    management_server: ManagementRole | None = None
    hosts: tuple[HostRole, ...] = ()
    physical_servers: tuple[PhysicalRole, ...] = ()


class GuestFlag(Element, frozen=True, kw_only=True):
    """Whether one guest is recovered; `id` is its id in the snapshot."""

    id: str
    name: str
    deploy: bool = True


class VmSelection(Element, frozen=True, kw_only=True):
    """The VM selection document: a flag a guest, no mapping (R52)."""

    site: str
    snapshot: str
    virtual_machines: tuple[GuestFlag, ...] = ()
