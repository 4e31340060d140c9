"""What the configuration says of a site, beyond how to reach it: networks, groups, arrays."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.inventory.storage import PhysicalServer


class _Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class NetworkPlace(_Value, frozen=True, kw_only=True):
    """Where a protected network lies at the recovery site. Subnet as CIDR, all "" where unknown."""

    vlan: int
    subnet: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()


class NetworkMapping(_Value, frozen=True, kw_only=True):
    """One protected network (a port group's name) and its places in a drill and in a real run."""

    name: str
    drill: NetworkPlace | None = None
    real: NetworkPlace | None = None


class GroupEntry(_Value, frozen=True, kw_only=True):
    """Volumes of a protected array under one datastore, and the replication group they are in.

    Several entries of one (array, group) make up one replication group: halted as one.
    """

    array: str
    group: str
    volumes: tuple[str, ...]
    datastore: str

    @property
    def id(self) -> str:
        """`array/group`, unique in a site."""
        return f"{self.array}/{self.group}"


class ArrayPlace(_Value, frozen=True, kw_only=True):
    """An array by name. A recovery array says whose copy it holds: `peer`, a protected array."""

    name: str
    driver: str
    side: Literal["protected", "recovery"]
    peer: str = ""


class SitePlan(_Value, frozen=True, kw_only=True):
    """All that planning needs to know of a site, free of secrets."""

    name: str
    networks: tuple[NetworkMapping, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    arrays: tuple[ArrayPlace, ...] = ()
    physical_servers: tuple[PhysicalServer, ...] = ()
    rpo_s: float | None = None
    rto_s: float | None = None

    def network(self, name: str) -> NetworkMapping | None:
        """Returns the mapping of a protected network, or None."""
        return next((n for n in self.networks if n.name == name), None)


class Provisioning(_Value, frozen=True, kw_only=True):
    """The provisioning network of the recovery site.

    `address` is the boot service's, `first`–`last` the range that machines get addresses from,
    `https_port` and `ssh_port` where installed machines answer. `segments` are names that targets
    carry. `images` is the folder with a subfolder a product and version.
    """

    address: str
    netmask: str
    first: str
    last: str
    gateway: str = ""
    interface: str = ""
    https_port: int = 443
    ssh_port: int = 22
    segments: tuple[str, ...] = ()
    images: str = "images"
