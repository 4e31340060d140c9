"""One lab put together: a world on a wall clock, its doors, its files, its control verbs."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from drconsole.lab.build import blueprint as plan
from drconsole.lab.build.default import build_world
from drconsole.lab.build.physical import start_replication
from drconsole.lab.configuration import Access, write_configuration
from drconsole.lab.net.addresses import AddressPlan
from drconsole.lab.net.listeners import Device, Listeners
from drconsole.lab.options import LabOptions
from drconsole.lab.seams import endpoint_handler, new_hypervisor, new_vcenter
from drconsole.lab.world.certificate import self_signed
from drconsole.lab.world.clock import WallClock
from drconsole.lab.world.fetching import Fetch
from drconsole.lab.world.ledger import Ledger
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.world import Factories, World

LEDGER = "ledger.jsonl"


@dataclass
class Lab:
    """A lab whose doors are not open yet: call `open`, and `close` at the end."""

    options: LabOptions
    addresses: AddressPlan
    world: World
    access: Access
    listeners: Listeners = field(init=False)

    def __post_init__(self) -> None:
        self.listeners = Listeners(
            self.world,
            self.addresses,
            dict(self.access.bmcs),
            dict(self.access.arrays),
            endpoint_handler,
        )

    async def open(self) -> None:
        """Opens the doors, starts replication, and writes the configuration."""
        await self.listeners.settle()
        self.world.spawn(self.listeners.follow())
        start_replication(self.world)
        write_configuration(self.options, self.world, self.addresses, self.access)

    async def close(self) -> None:
        """Closes every door and gives the network back."""
        self.listeners.close()
        await self.world.close()
        self.addresses.lock.close()

    def status(self) -> dict[str, Any]:
        """Returns what the lab is and how its machines stand, as JSON values."""
        refused = Counter(entry.object for entry in self.world.ledger.of("login-refused"))
        return {
            "pid": os.getpid(),
            "network": f"127.{self.addresses.number}.0.0/16",
            "vcenter": f"{self.addresses.vcenter}:8443",
            "speed": self.options.speed,
            "seed": self.options.seed,
            "faults": [{"name": f.name, "times": f.left, **f.where} for f in self.world.faults.all()],
            "machines": [_machine(machine) for machine in self.world.machines.values()],
            "doors": [f"{address}:{port}" for address, port in self.listeners.places()],
            "conflicts": self.listeners.conflicts(),
            "refusedLogins": dict(refused),
        }


def make_lab(options: LabOptions, addresses: AddressPlan, fetch: Fetch) -> Lab:
    """Builds the world of these options at these addresses."""
    options.path.mkdir(parents=True, exist_ok=True)
    ledger = options.path / LEDGER
    ledger.unlink(missing_ok=True)
    clock = WallClock(options.speed)
    world = World(
        clock,
        Ledger(clock, ledger),
        Factories(vcenter=new_vcenter, hypervisor=new_hypervisor, fetch=fetch),
        seed=options.seed,
    )
    password = f"Lab-{secrets.token_urlsafe(12)}-1"
    sizes = plan.Sizes(options.hosts, options.vms, options.targets, options.unlinked)
    build_world(world, plan.Blueprint(options.seed, sizes, password))
    return Lab(options, addresses, world, _access(world, addresses, password))


def _access(world: World, addresses: AddressPlan, vcenter_password: str) -> Access:
    management = world.protected_management
    assert management is not None, "the default world has one"
    targets = [name for name, machine in world.machines.items() if machine.side == "recovery"]
    return Access(
        vcenter=Device(addresses.vcenter, plan.VCENTER_USER, vcenter_password, management.certificate),
        bmcs={
            name: _device(addresses.bmc(index), f"bmc-{name.lower()}") for index, name in enumerate(targets)
        },
        arrays={name: _device(addresses.array(index), name) for index, name in enumerate(world.arrays)},
        root_password=f"Lab-{secrets.token_urlsafe(12)}-1",
    )


def _device(address: str, name: str) -> Device:
    return Device(address, "admin", secrets.token_urlsafe(12), self_signed(name, address))


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "side": machine.side,
        "power": machine.power,
        "phase": machine.phase,
        "installed": machine.system.kind if machine.system else "",
        "links": {nic.name: nic.link for nic in machine.nics},
        "screen": machine.console[-1] if machine.console else "",
    }
