"""Where a lab lives: the first free 127.N.0.0/16, held by a bound socket."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

HTTPS = 8443
SSH = 8022
NUMBERS = range(64, 128)
PROVISIONING_NETMASK = "255.255.252.0"
_LOCK_PORT = 8443
_A_NET = 250


class NoFreeNetwork(Exception):
    """As many labs run as there are networks for."""


@dataclass(frozen=True)
class AddressPlan:
    """The addresses of the lab that holds `127.number.0.0/16`. Close `lock` to give it back."""

    number: int
    lock: socket.socket

    @property
    def vcenter(self) -> str:
        """The protected management server."""
        return self._at(0, 1)

    @property
    def boot_service(self) -> str:
        """The product's boot service."""
        return self._at(3, 1)

    @property
    def first(self) -> str:
        """The first address that an installed machine may take."""
        return self._at(4, 1)

    @property
    def last(self) -> str:
        return self._at(7, 254)

    def bmc(self, index: int) -> str:
        """The BMC of a target, counted from 0."""
        return self._at(1 + 16 * (index // _A_NET), index % _A_NET + 1)

    def array(self, index: int) -> str:
        """The management address of an array, counted from 0."""
        return self._at(2, index + 1)

    def provisions(self, address: str) -> bool:
        """Whether an address is on the provisioning network: only those get sockets."""
        parts = address.split(".")
        return parts[:2] == ["127", str(self.number)] and parts[2] in {"4", "5", "6", "7"}

    def _at(self, third: int, fourth: int) -> str:
        return f"127.{self.number}.{third}.{fourth}"


def claim() -> AddressPlan:
    """Takes the first free network. Raises NoFreeNetwork."""
    for number in NUMBERS:
        lock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # Bound and never listening: nobody can connect to it, and the kernel frees it with us.
            lock.bind((f"127.{number}.255.254", _LOCK_PORT))
        except OSError as taken:
            lock.close()
            if taken.errno != errno.EADDRINUSE:
                raise
        else:
            return AddressPlan(number, lock)
    raise NoFreeNetwork(f"labs hold all of 127.{NUMBERS[0]}.0.0 to 127.{NUMBERS[-1]}.0.0")
