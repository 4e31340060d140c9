"""What a Linux server answers on its command line: its own world, in the words of the real tools."""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable
from typing import Any

from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine, Nic
from drconsole.lab.world.system import Listening

KERNEL_TAKES = 0.985
"""The share of a machine's memory that firmware and kernel leave to count."""


def answer(machine: Machine, system: Linux, command: str) -> tuple[str, int]:
    """Returns what a command prints and its exit status: 127 for one that is not there."""
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        return "", 2
    answers: dict[tuple[str, ...], Callable[[], str]] = {
        ("true",): lambda: "",
        ("hostname",): lambda: f"{system.hostname}\n",
        ("cat", "/etc/hostname"): lambda: f"{system.hostname}\n",
        ("cat", "/etc/os-release"): lambda: _release(system),
        ("cat", "/etc/shadow"): lambda: f"root:{system.root_hash}:20000:0:99999:7:::\n",
        ("cat", "/sys/class/dmi/id/product_uuid"): lambda: f"{system.uuid}\n",
        ("cat", "/proc/meminfo"): lambda: _memory(machine),
        ("ip", "-j", "-d", "address", "show"): lambda: json.dumps(_links(machine, system)),
        ("ip", "-j", "route", "show", "default"): lambda: json.dumps(_default_route(system)),
        ("lscpu", "-p=CORE,SOCKET"): lambda: _cpus(machine),
        ("lsblk", "-b", "-d", "-n", "-o", "SIZE,TYPE"): lambda: _disks(machine),
        ("uname", "-s"): lambda: "Linux\n",
        ("systemctl", "is-system-running"): lambda: "running\n",
    }
    found = answers.get(words)
    return (found(), 0) if found else ("", 127)


def _release(system: Linux) -> str:
    return f'NAME="{system.product}"\nID="{system.product.lower()}"\nVERSION_ID="{system.version}"\n'


def _memory(machine: Machine) -> str:
    return f"MemTotal:       {int(machine.hardware.memory_mib * KERNEL_TAKES) * 1024} kB\n"


def _cpus(machine: Machine) -> str:
    hardware = machine.hardware
    cores = [(core, core * hardware.cpu_packages // hardware.cpu_cores) for core in range(hardware.cpu_cores)]
    threads = cores * (hardware.cpu_threads // hardware.cpu_cores)
    return "".join(("# Core,Socket\n", *(f"{core},{socket}\n" for core, socket in threads)))


def _disks(machine: Machine) -> str:
    return "".join(f"{disk.size_bytes} disk\n" for disk in machine.disks)


def _links(machine: Machine, system: Linux) -> list[dict[str, Any]]:
    addresses = system.addresses()
    found = [_link("lo", "loopback", "00:00:00:00:00:00", [("127.0.0.1", 8)])]
    for nic in machine.nics:
        own = [(at.address, at.prefix) for at in addresses if nic.name in at.nics and not at.vlan]
        found.append(_link(_device(nic), "ether", nic.mac, own))
    for at in addresses:
        if at.vlan:
            found.append(_vlan(machine.nic(at.nics[0]), at))
    return found


def _vlan(nic: Nic, at: Listening) -> dict[str, Any]:
    name = f"{_device(nic)}.{at.vlan}"
    data = {"protocol": "802.1Q", "id": at.vlan, "flags": ["REORDER_HDR"]}
    above = {"link": _device(nic), "linkinfo": {"info_kind": "vlan", "info_data": data}}
    return _link(name, "ether", nic.mac, [(at.address, at.prefix)]) | above


def _link(name: str, kind: str, mac: str, addresses: list[tuple[str, int]]) -> dict[str, Any]:
    told = [{"family": "inet", "local": ip, "prefixlen": prefix} for ip, prefix in addresses]
    return {"ifname": name, "link_type": kind, "address": mac, "addr_info": told}


def _device(nic: Nic) -> str:
    """`vmnic0` of a hypervisor is `eno1` here."""
    return f"eno{int(nic.name.removeprefix('vmnic')) + 1}"


def _default_route(system: Linux) -> list[dict[str, Any]]:
    """A gateway outside of every subnet of the server's makes no route."""
    subnets = (ipaddress.ip_network(f"{at.address}/{at.prefix}", strict=False) for at in system.addresses())
    if not system.gateway or not any(ipaddress.ip_address(system.gateway) in subnet for subnet in subnets):
        return []
    return [{"dst": "default", "gateway": system.gateway, "protocol": "static", "metric": 100}]
