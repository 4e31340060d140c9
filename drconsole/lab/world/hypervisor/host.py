"""A hypervisor on a machine: what it is called, how it is reached, who manages it.

Both the host's own endpoint and a vCenter's HostSystem show this object. Views are told of a
change by the names of the HostSystem's properties that it may have changed.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from passlib.hash import sha512_crypt

from drconsole.lab.world import reach
from drconsole.lab.world.certificate import Certificate, self_signed
from drconsole.lab.world.hypervisor.network import HostNetwork, Vmk
from drconsole.lab.world.hypervisor.storage import HostStorage
from drconsole.lab.world.system import Listening, System, SystemKind
from drconsole.lab.world.vim.new import fault

if TYPE_CHECKING:
    from datetime import datetime

    from drconsole.lab.world.machine import Machine
    from drconsole.lab.world.vim.esxi.door import HostEndpoint
    from drconsole.lab.world.world import World

Result = TypeVar("Result")
Watcher = Callable[[tuple[str, ...]], None]
PRODUCT = "VMware ESXi"
SERVICES = {
    "TSM-SSH": "SSH",
    "TSM": "ESXi Shell",
    "ntpd": "NTP Daemon",
    "vpxa": "VMware vCenter Agent",
    "DCUI": "Direct Console UI",
}


class Hypervisor:
    """An installed ESXi. `root_hash` is a crypt(3) hash; `manager` the management server that has it.

    `network` is replaced as a whole by `change_network`, never edited by others.
    """

    kind: SystemKind = "hypervisor"

    def __init__(
        self,
        world: World,
        machine: Machine,
        network: HostNetwork,
        *,
        root_hash: str,
        version: str,
        build: str,
    ) -> None:
        self.world = world
        self.machine = machine
        self.network = network
        self.root_hash = root_hash
        self.version = version
        self.build = build
        self.manager: System | None = None
        self.maintenance = False
        self.boot_time: datetime = world.clock.now()
        self.ntp_servers: list[str] = []
        self.options: dict[str, object] = {}
        self.services = dict.fromkeys(SERVICES, False) | {"DCUI": True}
        self.storage = HostStorage(self)
        self.certificate: Certificate = self._own_certificate()
        self.endpoint: HostEndpoint | None = None
        self._watchers: list[Watcher] = []
        self._power_watchers: dict[object, Callable[[], None]] = {}
        self._changing = asyncio.Lock()
        self._known_password = ""
        self._heard_at: tuple[HostNetwork, tuple[Listening, ...], Listening | None] | None = None

    @property
    def hostname(self) -> str:
        return self.network.dns.hostname

    @property
    def full_name(self) -> str:
        """The host name with its domain."""
        dns = self.network.dns
        return f"{dns.hostname}.{dns.domain}" if dns.domain else dns.hostname

    @property
    def path(self) -> str:
        """Its path in the ledger: the machine that it lives in."""
        return self.machine.path

    def addresses(self) -> tuple[Listening, ...]:
        return self._listenings()[1]

    def _listenings(self) -> tuple[HostNetwork, tuple[Listening, ...], Listening | None]:
        """Every address and the management's, derived once from each network that it has had."""
        known, network = self._heard_at, self.network
        if known is None or known[0] is not network:
            every = tuple(self._listening(vmk) for vmk in network.vmks.values() if vmk.ip)
            vmk = network.management()
            known = self._heard_at = (network, every, self._listening(vmk) if vmk and vmk.ip else None)
        return known

    def _listening(self, vmk: Vmk) -> Listening:
        nics, vlan = self.network.path(vmk)
        return Listening(vmk.ip, prefix_length(vmk.netmask), vlan, nics)

    def management_listening(self) -> Listening | None:
        """Returns how its management interface is heard, None where it has no address."""
        return self._listenings()[2]

    def accepts(self, user: str, password: str) -> bool:
        """Says whether a login is right; the only user is root."""
        if user != "root":
            return False
        if self._known_password and password == self._known_password:
            return True
        try:
            right = bool(sha512_crypt.verify(password, self.root_hash))
        except ValueError:  # no hash that anybody could log in with
            return False
        if right:  # a crypt hash is slow by intention; one success is enough to know the password
            self._known_password = password
        return right

    def vmk_mac(self) -> str:
        """Returns a MAC of VMware's range for a new VMkernel interface."""
        bits = self.world.random.getrandbits(24)
        return f"00:50:56:6{bits >> 20 & 15:x}:{bits >> 8 & 255:02x}:{bits & 255:02x}"

    def guest_groups(self) -> list[str]:
        """Returns the standard port groups that guests may use: those without VMkernel interface."""
        return [name for name in self.network.portgroups if not self.network.vmks_on(name)]

    async def change_network(self, change: Callable[[HostNetwork], Result]) -> Result:
        """Applies a change to a copy of the network and takes the copy if the host stays managed.

        Raises what `change` raises, and HostConfigFault after the roll-back where the management
        interface would no longer be heard, or no longer by the management server that has the host.
        """
        async with self._changing:
            before, after = self.network, self.network.copy()
            result = change(after)
            heard = self._heard()
            self.network = after
            if heard and not self._heard():
                self.network = before
                await self._roll_back()
        self.changed("config", "summary", "network", "datastore")
        return result

    async def _roll_back(self) -> None:
        await self.world.take("host.rollback")
        self.world.ledger.write(f"host:{self.machine.name}", "network-rollback", self.path)
        raise fault("HostConfigFault", "the change loses the host's management network: rolled back")

    def _heard(self) -> bool:
        listening = self.management_listening()
        if listening is None:
            return False
        if self.manager is not None:
            return reach.reaches(self.world, self.manager, self, listening)
        return reach.effective_vlan(self.machine, listening) is not None

    def install_certificate(self, certificate: Certificate) -> None:
        """Shows another certificate from now on; open connections end."""
        self.certificate = certificate
        self.changed("summary", "config")

    def _own_certificate(self) -> Certificate:
        return self_signed(self.full_name, *(vmk.ip for vmk in self.network.vmks.values() if vmk.ip))

    def watch(self, told: Watcher) -> None:
        """Calls `told` with names of HostSystem properties after each change."""
        self._watchers.append(told)

    def unwatch(self, told: Watcher) -> None:
        """Stops telling; unknown watchers are ignored."""
        if told in self._watchers:
            self._watchers.remove(told)

    def watch_power(self, who: object, lost: Callable[[], None]) -> None:
        """Calls `lost` when the machine loses power: `who` runs on it, and stops."""
        self._power_watchers[who] = lost

    def unwatch_power(self, who: object) -> None:
        """`who` runs on it no longer."""
        self._power_watchers.pop(who, None)

    def changed(self, *roots: str) -> None:
        """Tells the views and the world, whose doors may have to open or close."""
        for told in tuple(self._watchers):
            told(roots)
        self.world.changed_on(self.machine)

    def powered_off(self) -> None:
        for lost in tuple(self._power_watchers.values()):
            lost()
        if self.endpoint is not None:
            self.endpoint.close()
        self.changed("runtime", "summary")

    def removed(self) -> None:
        if self.endpoint is not None:
            self.endpoint.retire()

    def booted(self) -> None:
        self.boot_time = self.world.clock.now()
        self.storage.rescan()
        self.changed("runtime", "summary", "datastore")


@lru_cache(maxsize=256)
def prefix_length(netmask: str) -> int:
    """Returns 24 for 255.255.255.0; 32 where there is no mask."""
    return ipaddress.ip_network(f"0.0.0.0/{netmask or '255.255.255.255'}").prefixlen
