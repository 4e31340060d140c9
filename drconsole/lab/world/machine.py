"""A physical machine: its hardware, its power, its boot order and what is on its disks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from drconsole.lab.world.fabric import Side, SwitchPort
from drconsole.lab.world.system import System

if TYPE_CHECKING:
    from drconsole.lab.world.world import World

Power = Literal["On", "Off", "PoweringOn", "PoweringOff"]
Phase = Literal["off", "post", "netboot", "installing", "booting", "running", "halted"]
"""What a machine that is on does now; `halted` waits for ever, as one whose boot failed does."""


@dataclass
class Nic:
    """A physical NIC, named `vmnicN` in PCI order as the hypervisor will call it."""

    name: str
    mac: str
    port: SwitchPort
    driver: str = "ixgben"
    pci: str = ""
    speed_mbit: int = 10_000

    @property
    def link(self) -> bool:
        return self.port.link


@dataclass
class Disk:
    """A local disk. `content` says what is on it, "" for an empty one."""

    serial: str
    size_bytes: int
    content: str = ""
    secure_erase: bool = False
    erasing: bool = False


@dataclass
class BootOverride:
    """The BMC's one-time boot order, by Redfish's words."""

    target: Literal["None", "Pxe", "Hdd", "UefiHttp"] = "None"
    enabled: Literal["Disabled", "Once", "Continuous"] = "Disabled"
    mode: Literal["UEFI", "Legacy"] = "UEFI"
    uri: str = ""


@dataclass(frozen=True)
class Installed:
    """What an installer left for the first boot from disk: URLs to report to, and its job."""

    system: System
    reports: tuple[str, ...]
    job: str


@dataclass(frozen=True)
class Hardware:
    """What a machine is, unchangeably. Memory in MiB, CPU speed in MHz."""

    uuid: str
    serial: str
    vendor: str
    model: str
    cpu_vendor: str = "Intel(R) Corporation"
    cpu_model: str = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
    cpu_packages: int = 2
    cpu_cores: int = 32
    cpu_threads: int = 64
    cpu_mhz: int = 2000
    memory_mib: int = 262_144
    wwpns: tuple[str, ...] = ()


@dataclass
class Machine:
    """One machine of a side. `segment` names the provisioning network that it is cabled to.

    `system` is what is installed on its disk, also while it is off. `machine/NAME` is its path in
    the ledger. Its state is changed by `drconsole.lab.world.power` and `.install` only.
    """

    world: World
    name: str
    side: Side
    hardware: Hardware
    nics: list[Nic]
    disks: list[Disk]
    segment: str = ""
    power: Power = "Off"
    phase: Phase = "off"
    boot: BootOverride = field(default_factory=BootOverride)
    system: System | None = None
    installed: Installed | None = None
    console: list[str] = field(default_factory=list)
    """The last lines that its screen showed, for those who ask why it does not boot."""
    activity: asyncio.Task[None] | None = None

    @property
    def path(self) -> str:
        return f"machine/{self.name}"

    @property
    def running(self) -> bool:
        """Whether an installed system is up."""
        return self.power == "On" and self.phase == "running" and self.system is not None

    def nic(self, name: str) -> Nic:
        """Returns a NIC by its `vmnicN`. Raises KeyError."""
        return self._nic(lambda nic: nic.name == name, name)

    def nic_with(self, mac: str) -> Nic:
        """Returns a NIC by its MAC, in any case. Raises KeyError."""
        return self._nic(lambda nic: nic.mac == mac.lower(), mac)

    def disk(self, serial: str) -> Disk | None:
        """Returns a disk by its serial."""
        return next((disk for disk in self.disks if disk.serial == serial), None)

    def show(self, line: str) -> None:
        """Puts a line on the machine's screen."""
        self.console.append(line)
        del self.console[:-200]

    def _nic(self, wanted: Callable[[Nic], bool], name: str) -> Nic:
        for nic in self.nics:
            if wanted(nic):
                return nic
        raise KeyError(f"{self.name} has no NIC {name}")
