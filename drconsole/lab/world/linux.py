"""A physical server with Linux, as its kickstart made it."""

from __future__ import annotations

from dataclasses import dataclass, field

from drconsole.lab.world.certificate import Certificate, self_signed
from drconsole.lab.world.system import Listening, SystemKind


@dataclass
class Linux:
    """Hostname, address, keys and release of an installed server. It answers on its SSH door.

    `host_key` is an OpenSSH private key (PEM); `authorised` the public keys that root may use.
    `further` are addresses on production networks, where the first is provisioning's.
    """

    hostname: str
    address: str
    prefix: int
    nic: str
    uuid: str
    root_hash: str
    host_key: bytes
    authorised: tuple[str, ...]
    product: str
    version: str
    gateway: str = ""
    vlan: int = 0
    further: tuple[Listening, ...] = ()
    endpoint: object = None
    certificate: Certificate = field(init=False)
    kind: SystemKind = "linux"

    def __post_init__(self) -> None:
        self.certificate = self_signed(self.hostname)

    def addresses(self) -> tuple[Listening, ...]:
        return (Listening(self.address, self.prefix, self.vlan, (self.nic,), "ssh"), *self.further)

    @property
    def production(self) -> Listening:
        """How applications reach it: its only address, or the one beside provisioning's."""
        return (*self.further, *self.addresses())[0]

    def powered_off(self) -> None:
        """Nothing outlives it."""

    def removed(self) -> None:
        """Nothing watches for it."""

    def booted(self) -> None:
        """Its SSH door answers."""
