"""What an installed machine answers as: the protocol between a machine and what was installed on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from drconsole.lab.world.certificate import Certificate

SystemKind = Literal["hypervisor", "management", "linux"]
Door = Literal["https", "ssh"]


@dataclass(frozen=True)
class Listening:
    """An address that a system has. `nics` are the names of the machine's NICs that it may use, in
    the effective order: the first one with link is used. `vlan` 0 is untagged."""

    address: str
    prefix: int
    vlan: int
    nics: tuple[str, ...]
    door: Door = "https"


class Service(Protocol):
    """The server in a system: what its `https` door speaks for."""

    def close(self) -> None:
        """Stops what runs and ends every session: it went down."""
        ...

    def retire(self) -> None:
        """Closes for good, and looks at the world no more."""
        ...


class System(Protocol):
    """An operating system on a machine (or, for the protected management server, in a guest)."""

    @property
    def kind(self) -> SystemKind: ...

    @property
    def hostname(self) -> str: ...

    @property
    def certificate(self) -> Certificate:
        """What the `https` door shows now; a change closes every open connection."""
        ...

    @property
    def endpoint(self) -> object:
        """What the `https` door speaks for: a vim25 endpoint; None where there is none."""
        ...

    def addresses(self) -> tuple[Listening, ...]:
        """Returns every address as configured now, reachable or not."""
        ...

    def powered_off(self) -> None:
        """The machine under it lost power: what runs on it stops."""
        ...

    def removed(self) -> None:
        """Its disk was wiped, or another system took its place: nothing of it comes back."""
        ...

    def booted(self) -> None:
        """The machine has booted it from its disk, at first or again."""
        ...
