"""Roles on bare targets at once, as their installers would have left them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from passlib.hash import sha512_crypt

from drconsole.lab.lab import Lab
from drconsole.lab.net.addresses import HTTPS
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Interface, Management
from drconsole.lab.world.payload import HypervisorInstall
from drconsole.lab.world.power import start_running
from drconsole.lab.world.vim.esxi.door import install_hypervisor
from drconsole.model.inventory import Host
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import Settings

NETMASK = "255.255.252.0"


class Roles:
    """Puts roles on their targets; `ready` is what the provisioning would have said of each."""

    def __init__(self, lab: Lab, plan: PlanInput, secret: str) -> None:
        self.lab = lab
        self.plan = plan
        self.secret = secret
        self.ready: dict[str, Facts] = {}


def install_roles(lab: Lab, settings: Settings, plan: PlanInput) -> dict[str, Facts]:
    """Puts every role on its target and returns the results of their `ready` steps."""
    world = lab.world
    secret = (Path(settings.path).parent / "secrets" / "root").read_text().strip()
    roles = Roles(lab, plan, secret)
    hashed = sha512_crypt.using(rounds=1000).hash(secret)
    for role in plan.mapping.hosts:
        if role.deploy:
            host = next(h for h in plan.snapshot.hosts if h.id == role.protected)
            _install_host(roles, world.machines[role.target], host, hashed)
    server = plan.mapping.management_server
    assert server is not None
    _install_management(roles, world.machines[server.target])
    return roles.ready


def _booting(machine: Machine) -> str:
    return next(nic.name for nic in machine.nics if nic.link)


def _install_host(roles: Roles, machine: Machine, host: Host, hashed: str) -> None:
    address = roles.plan.addresses[host.name]
    system = install_hypervisor(
        roles.lab.world,
        machine,
        HypervisorInstall(
            hostname=host.name,
            root_hash=hashed,
            nic=_booting(machine),
            address=address,
            netmask=NETMASK,
            gateway="",
            nameservers=("10.10.0.2",),
            disk=machine.disks[0].serial,
            version="8.0.3",
            build="24022510",
        ),
    )
    machine.system = system
    start_running(machine)
    system.booted()
    _ready(roles, host.name, machine, "hypervisor", address, system, "root")


def _install_management(roles: Roles, machine: Machine) -> None:
    captured_server = roles.plan.snapshot.management_server
    assert captured_server is not None
    address = roles.plan.addresses["vc-01"]
    linked = [nic for nic in machine.nics if nic.link]
    vlan = 1010 if roles.plan.mode == "drill" else 10
    server = Management(
        roles.lab.world,
        captured_server.hostname,
        "recovery",
        (
            Interface("eth0", linked[1].mac, "10.10.0.5", 22, vlan, linked[1].name),
            Interface("eth1", linked[0].mac, address, 22, 0, linked[0].name),
        ),
        "administrator@vsphere.local",
        roles.secret,
        roles.secret,
        name="vc-01",
    )
    machine.system = server
    start_running(machine)
    _ready(roles, "vc-01", machine, "management", address, server, server.username)


def _ready(
    roles: Roles,
    name: str,
    machine: Machine,
    became: Literal["hypervisor", "management"],
    address: str,
    system: Hypervisor | Management,
    username: str,
) -> None:
    roles.ready[keys.ready(name)] = {
        "target": machine.name,
        "address": address,
        "port": HTTPS,
        "pin": system.certificate.pin,
        "uuid": machine.hardware.uuid,
        "became": became,
        "username": username,
    }
