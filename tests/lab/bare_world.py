"""Worlds without a virtualised site: hardware, cables and arrays, on a virtual or a real clock."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import asyncssh

from drconsole.lab.build.blueprint import Blueprint, Sizes
from drconsole.lab.build.physical import build_physical, finish_storage
from drconsole.lab.seams import new_hypervisor, new_vcenter
from drconsole.lab.world.clock import Clock
from drconsole.lab.world.fetching import FetchFailed
from drconsole.lab.world.ledger import Ledger
from drconsole.lab.world.machine import BootOverride, Machine
from drconsole.lab.world.world import Factories, World

URL = "http://boot.test/boot/token"
ROOT_HASH = "$6$salt$9Qc0kx"


class BootFiles:
    """A boot service in memory: files by their whole URL, and what was asked of it."""

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self.files = {f"{URL}/{name}": _bytes(body) for name, body in files.items()}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def fetch(self, url: str, headers: dict[str, str]) -> bytes:
        self.asked.append(url.removeprefix(f"{URL}/"))
        self.headers.append(headers)
        if "/report?" in url:
            return b"ok"
        if url not in self.files:
            raise FetchFailed(url, 404)
        return self.files[url]

    @property
    def reports(self) -> list[str]:
        """The events that were phoned home, in order."""
        return [asked.removeprefix("report?event=") for asked in self.asked if asked.startswith("report?")]


def bare_world(clock: Clock, boot: BootFiles | None = None, **sizes: float) -> World:
    """Returns a world with 8 targets, an array of each kind and its copy, and no vCenter."""
    boot = boot or BootFiles({})
    factories = Factories(vcenter=new_vcenter, hypervisor=new_hypervisor, fetch=boot.fetch)
    world = World(clock, Ledger(clock), factories)
    build_physical(world, Blueprint(1, Sizes(unlinked=sizes.get("unlinked", 0.25))))
    finish_storage(world)
    return world


def order_netboot(machine: Machine) -> None:
    """Sets the one-time boot order, as a BMC does when it is told."""
    machine.boot = BootOverride("UefiHttp", "Once", uri=f"{URL}/boot.ipxe")


def hypervisor_files(machine: Machine, *, extra: str = "", address: str = "127.64.4.10") -> BootFiles:
    """The files of docs/network-boot.md that make a machine a hypervisor."""
    nic = next(nic for nic in machine.nics if nic.link)
    return BootFiles(
        {
            "boot.ipxe": f"#!ipxe\nkernel {URL}/mboot.efi -c {URL}/boot.cfg\nboot\n",
            "mboot.efi": "loader",
            "boot.cfg": f"title=x\nprefix={URL}\nkernel=b.b00\nkernelopt=ks={URL}/ks.cfg\nmodules=s.v00\n",
            "b.b00": image("VMware ESXi", "8.0.3"),
            "s.v00": "module",
            "ks.cfg": "\n".join(
                (
                    "vmaccepteula",
                    f"rootpw --iscrypted {ROOT_HASH}",
                    f"install --disk={machine.disks[0].serial} --overwritevmfs",
                    f"network --bootproto=static --device={nic.mac} --ip={address} "
                    "--netmask=255.255.252.0 --hostname=esx-01.test --addvmportgroup=1",
                    "reboot",
                    "%pre --interpreter=busybox",
                    f"wget -q -O- '{URL}/report?event=start'",
                    extra,
                    "%post --interpreter=busybox",
                    f"wget -q -O- '{URL}/report?event=end'",
                    "%firstboot --interpreter=busybox",
                    f"wget -q -O- '{URL}/report?event=firstboot'",
                )
            ),
        }
    )


def linux_files(
    machine: Machine, host_key: asyncssh.SSHKey, login: asyncssh.SSHKey, address: str = "127.64.4.11"
) -> BootFiles:
    """The files that make a machine a Linux server which knows these keys."""
    nic = next(nic for nic in machine.nics if nic.link)
    return BootFiles(
        {
            "boot.ipxe": f"#!ipxe\nkernel {URL}/vmlinuz inst.ks={URL}/ks.cfg\n"
            f"initrd {URL}/initrd.img\nboot\n",
            "vmlinuz": image("rhel", "9.4"),
            "initrd.img": "initrd",
            "ks.cfg": "\n".join(
                (
                    "text",
                    f"rootpw --iscrypted {ROOT_HASH}",
                    f"ignoredisk --only-use={machine.disks[0].serial}",
                    "clearpart --all",
                    "autopart",
                    f"network --bootproto=static --device={nic.mac} --ip={address} "
                    "--netmask=255.255.252.0 --hostname=db-01",
                    f'sshkey --username=root "{login.export_public_key().decode().strip()}"',
                    "reboot",
                    "%pre",
                    f"wget -q -O- '{URL}/report?event=start'",
                    "%end",
                    "%post",
                    f"install-host-key {base64.b64encode(host_key.export_private_key()).decode()}",
                    f"wget -q -O- '{URL}/report?event=end'",
                    "%end",
                )
            ),
        }
    )


def management_files(machine: Machine, *, version: str = "8.0.3") -> BootFiles:
    """The files that make a machine a management server with its extra interface (R61)."""
    return BootFiles(
        {
            "boot.ipxe": f"#!ipxe\nkernel {URL}/vmlinuz appliance.image={URL}/appliance.img "
            f"appliance.answers={URL}/answers.json appliance.report={URL}/report\n"
            f"initrd {URL}/initrd.img\nboot\n",
            "vmlinuz": "kernel",
            "initrd.img": "initrd",
            "appliance.img": image("VMware vCenter Server", "8.0.3"),
            "answers.json": json.dumps(_answers(machine, version)),
        }
    )


def wipe_files(machine: Machine) -> BootFiles:
    """The files that wipe both disks of a machine."""
    serials = ",".join(disk.serial for disk in machine.disks)
    return BootFiles(
        {
            "boot.ipxe": f"#!ipxe\nkernel {URL}/vmlinuz wipe.serials={serials} "
            f"wipe.report={URL}/report\ninitrd {URL}/initrd.img\nboot\n",
            "vmlinuz": "kernel",
            "initrd.img": "initrd",
        }
    )


def image(product: str, version: str) -> str:
    """A stand-in payload."""
    return json.dumps({"product": product, "version": version, "build": "1"})


def _answers(machine: Machine, version: str) -> dict[str, object]:
    linked = [nic for nic in machine.nics if nic.link]
    return {
        "new_vcsa": {
            "appliance": {"name": "vc-01", "deployment_option": "small"},
            "network": {
                "ip_family": "ipv4",
                "mode": "static",
                "ip": "10.10.0.5",
                "prefix": "22",
                "gateway": "10.10.0.1",
                "dns_servers": ["10.10.0.2"],
                "system_name": "vc-01.test",
                "mac": linked[1].mac,
                "vlan": 1010,
            },
            "extra_network": {"mac": linked[0].mac, "ip": "127.64.4.12", "prefix": 22},
            "os": {"password": "root-secret", "ssh_enable": False, "ntp_servers": ["10.10.0.2"]},
            "sso": {"password": "sso-secret", "domain_name": "vsphere.local"},
            "instance_uuid": "11111111-2222-3333-4444-555555555555",
            "version": version,
            "install_disk": machine.disks[0].serial,
        },
        "ceip": {"settings": {"ceip_enabled": False}},
    }


def _bytes(body: bytes | str) -> bytes:
    return body if isinstance(body, bytes) else body.encode()
