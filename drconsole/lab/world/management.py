"""The management server as it stands after its appliance was installed, or at the protected site."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drconsole.lab.world.certificate import Certificate, self_signed
from drconsole.lab.world.fabric import Side
from drconsole.lab.world.system import Listening, Service, SystemKind

if TYPE_CHECKING:
    from drconsole.lab.world.world import World


@dataclass(frozen=True)
class Interface:
    """A network interface. `nic` is the machine's NIC that it uses, "" in a guest; `vlan` 0 is
    untagged."""

    name: str
    mac: str
    address: str
    prefix: int
    vlan: int = 0
    nic: str = ""
    gateway: str = ""


@dataclass
class Management:
    """An appliance: name, credentials, interfaces, certificate, and the vCenter in it.

    `endpoint` is made once by the world's factory and holds the inventory.
    """

    world: World
    hostname: str
    side: Side
    interfaces: tuple[Interface, ...]
    username: str
    password: str
    root_password: str
    version: str = "8.0.3"
    build: str = "24022515"
    instance_uuid: str = ""
    dns_servers: tuple[str, ...] = ()
    certificate: Certificate = field(init=False)
    endpoint: Service = field(init=False)
    name: str = ""
    kind: SystemKind = "management"

    def __post_init__(self) -> None:
        if not self.instance_uuid:
            self.instance_uuid = str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))
        self.certificate = self_signed(self.hostname, *(i.address for i in self.interfaces))
        self.endpoint = self.world.factories.vcenter(self.world, self)

    def addresses(self) -> tuple[Listening, ...]:
        return tuple(
            Listening(i.address, i.prefix, i.vlan, (i.nic,) if i.nic else ()) for i in self.interfaces
        )

    def powered_off(self) -> None:
        """Sessions and tasks die with the machine; the inventory is in its database and stays."""
        self.endpoint.close()

    def removed(self) -> None:
        """Its database is gone with its disk."""
        self.endpoint.retire()

    def booted(self) -> None:
        """Its services are up."""
