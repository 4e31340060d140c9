"""What an installer learnt from the scripts that its machine fetched: the only source of identity."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import msgspec

from drconsole.lab.world.bootscript import InstallFailed


@dataclass(frozen=True)
class HypervisorInstall:
    """A parsed ks.cfg of a hypervisor. `nic` is the `vmnicN` that vmk0 and vSwitch0 go on.

    `root_hash` is a crypt(3) hash; `version` and `build` are those of the booted payload.
    """

    hostname: str
    root_hash: str
    nic: str
    address: str
    netmask: str
    gateway: str
    nameservers: tuple[str, ...]
    disk: str
    version: str
    build: str
    vm_port_group: bool = True
    ssh: bool = False


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A stand-in payload, as JSON: what the kernel, or the appliance's image, contains."""

    product: str
    version: str
    build: str = ""


def prefix_length(netmask: str) -> int:
    """Returns 24 for 255.255.255.0. Raises InstallFailed."""
    try:
        return ipaddress.ip_network(f"0.0.0.0/{netmask}").prefixlen
    except ValueError as wrong:
        raise InstallFailed(f"netmask {netmask}: {wrong}") from wrong
