"""What an installer learnt from the scripts that its machine fetched: the only source of identity."""

from __future__ import annotations

from dataclasses import dataclass


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
