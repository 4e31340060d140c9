"""What `lab up` writes, so that every command treats the lab as the real world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from drconsole.lab.build import blueprint as plan
from drconsole.lab.net.addresses import HTTPS, PROVISIONING_NETMASK, SSH, AddressPlan
from drconsole.lab.net.listeners import Device
from drconsole.lab.options import LabOptions
from drconsole.lab.world.world import World

SHORTEST_DEADLINE_S = 2.0
FILE = "drconsole.toml"


@dataclass(frozen=True)
class Access:
    """Everything that answers, with its login; `root_password` is for machines yet to install."""

    vcenter: Device
    bmcs: Mapping[str, Device]
    arrays: Mapping[str, Device]
    root_password: str


def write_configuration(options: LabOptions, world: World, addresses: AddressPlan, access: Access) -> Path:
    """Writes `drconsole.toml`, the secrets that it refers to, and the images. Returns its path."""
    _write_secrets(options.path / "secrets", access)
    _write_images(options.path / "images")
    table = {
        "state": {"dir": "state"},
        "site": {plan.SITE: _site(access.vcenter)},
        "array": {name: _array(world, name, device) for name, device in access.arrays.items()},
        "provisioning": _provisioning(world, addresses),
        "pool": {
            name: {
                **_login(device, f"bmc-{name}"),
                "segment": world.machines[name].segment,
                "may_wipe": True,
            }
            for name, device in access.bmcs.items()
        },
        "deadlines": {
            kind: max(round(seconds / options.speed, 1), SHORTEST_DEADLINE_S)
            for kind, seconds in options.deadlines.items()
        },
    }
    path = options.path / FILE
    path.write_text(tomlkit.dumps(table), encoding="utf-8")
    return path


def _site(vcenter: Device) -> dict[str, Any]:
    return {
        "platform": "vsphere",
        **_login(vcenter, "vcenter"),
        "rpo": "15m",
        "rto": "4h",
        "group": [
            {"array": p.array, "group": p.group, "volumes": [p.volume], "datastore": p.name}
            for p in plan.DATASTORES
        ],
        "network": [_network(network) for network in plan.NETWORKS],
        "physical": [_physical()],
    }


def _network(network: plan.SiteNetwork) -> dict[str, Any]:
    place = {"subnet": network.subnet, "gateway": network.gateway}
    return {
        "name": network.name,
        "drill": {"vlan": network.drill_vlan, **place},
        "real": {"vlan": network.vlan, **place},
    }


def _physical() -> dict[str, Any]:
    return {
        "name": plan.DB_NAME,
        "operating_system": plan.LINUX[0],
        "version": plan.LINUX[1],
        "hostname": plan.DB_NAME,
        "cpu_cores": 16,
        "memory_mib": 65_536,
        "disk_gib": 100,
        "nics": 2,
        "network": plan.DB_NETWORK.name,
        "ip": plan.DB_ADDRESS,
        "netmask": plan.DB_NETWORK.netmask,
        "gateway": plan.DB_NETWORK.gateway,
        "guests": list(plan.DB_CLIENTS),
    }


def _array(world: World, name: str, device: Device) -> dict[str, Any]:
    array = world.arrays[name]
    peer = {"peer": array.peer} if array.peer else {}
    return {"driver": "http", "side": array.side, **peer, **_login(device, f"array-{name}")}


def _provisioning(world: World, addresses: AddressPlan) -> dict[str, Any]:
    return {
        "address": addresses.boot_service,
        "netmask": PROVISIONING_NETMASK,
        "first": addresses.first,
        "last": addresses.last,
        "gateway": "",
        "https_port": HTTPS,
        "ssh_port": SSH,
        "segments": list(world.segments),
        "images": "images",
        "password": "file:secrets/root",
    }


def _login(device: Device, secret: str) -> dict[str, Any]:
    return {
        "address": f"{device.address}:{HTTPS}",
        "username": device.username,
        "password": f"file:secrets/{secret}",
        "pin": device.certificate.pin,
    }


def _write_secrets(folder: Path, access: Access) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = {"vcenter": access.vcenter.password, "root": access.root_password}
    secrets |= {f"bmc-{name}": device.password for name, device in access.bmcs.items()}
    secrets |= {f"array-{name}": device.password for name, device in access.arrays.items()}
    for name, secret in secrets.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(f"{secret}\n", encoding="utf-8")


def _write_images(folder: Path) -> None:
    esxi, vcenter = _folder(*plan.ESXI[:2]), _folder(*plan.VCENTER[:2])
    linux = _folder(*plan.LINUX)
    images = {
        f"{esxi}/boot.cfg": _MEDIUM.encode(),
        f"{esxi}/mboot.efi": b"stand-in for a boot loader\n",
        f"{esxi}/b.b00": _image(*plan.ESXI),
        f"{esxi}/s.v00": b"stand-in for a module\n",
        f"{vcenter}/vmlinuz": b"stand-in for a kernel\n",
        f"{vcenter}/initrd.img": b"stand-in for an initial file system\n",
        f"{vcenter}/appliance.img": _image(*plan.VCENTER),
        f"{linux}/vmlinuz": _image(*plan.LINUX),
        f"{linux}/initrd.img": b"stand-in for an initial file system\n",
        "wipe/vmlinuz": b"stand-in for a kernel\n",
        "wipe/initrd.img": b"stand-in for an initial file system\n",
    }
    for name, content in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _folder(product: str, version: str) -> str:
    return f"{product}-{version}".replace(" ", "-")


def _image(product: str, version: str, build: str = "") -> bytes:
    return json.dumps({"product": product, "version": version, "build": build}).encode() + b"\n"


_MEDIUM = """bootstate=0
title=Loading ESXi installer
timeout=5
prefix=
kernel=/b.b00
kernelopt=runweasel
modules=/s.v00
build=8.0.3
updated=0
"""
