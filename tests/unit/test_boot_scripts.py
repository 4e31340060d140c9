"""Scripts say what the captured metadata says, and no name becomes a directive."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest
from passlib.hash import sha512_crypt

from drconsole.errors import Refused
from drconsole.model.inventory import Address, ManagementInterface
from drconsole.model.site import NetworkMapping, NetworkPlace
from drconsole.model.step import Mode
from drconsole.model.target import Target, TargetDisk, TargetNic
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.images import folder_name
from drconsole.provisioning.jobs import Job, install_job
from drconsole.provisioning.roles import deployed
from drconsole.provisioning.run_secret import RunSecret
from drconsole.provisioning.scripts import Scripts
from drconsole.provisioning.steps import steps
from drconsole.settings.secrets import Secret
from tests.unit.devices.media import write_media
from tests.unit.devices.plans import NETWORK, hardware, plan, site, snapshot

URL = "http://127.0.0.1:8080/boot/TOKEN"
MAC = "aa:00:00:00:00:02"


def made(given: PlanInput, folder: Path) -> tuple[Scripts, Job]:
    images = write_media(folder)
    return Scripts(given, RunSecret(b"k" * 32), Secret("right"), images), install_job(
        given, deployed(given)[0]
    )


def options(text: str, directive: str) -> dict[str, str]:
    line = next(line for line in text.splitlines() if line.startswith(f"{directive} "))
    return dict(word.partition("=")[::2] for word in shlex.split(line)[1:])


def test_the_hypervisor_gets_its_captured_name_and_a_hash(tmp_path: Path) -> None:
    scripts, job = made(plan(), tmp_path)
    text = scripts.kickstart(job, URL, mac=MAC, overwrite=False)
    assert options(text, "network") == {
        "--bootproto": "static",
        "--device": MAC,
        "--ip": "127.88.4.10",
        "--netmask": "255.255.252.0",
        "--hostname": "esx-01.corp.example",
        "--addvmportgroup": "1",
    }
    assert options(text, "install") == {"--disk": "DISK-1"}
    hashed = next(line for line in text.splitlines() if line.startswith("rootpw")).split()[-1]
    assert sha512_crypt.verify("right", hashed)
    assert [line for line in text.splitlines() if line.startswith("wget")] == [
        f"wget -q -O- '{URL}/report?event={event}'" for event in ("start", "end", "firstboot")
    ]


def test_data_is_overwritten_only_where_somebody_agreed(tmp_path: Path) -> None:
    scripts, job = made(plan(), tmp_path)
    assert "--overwritevmfs" in options(scripts.kickstart(job, URL, mac=MAC, overwrite=True), "install")


def test_the_linux_server_gets_the_host_key_that_we_pinned(tmp_path: Path) -> None:
    scripts, job = made(plan("db-01"), tmp_path)
    text = scripts.kickstart(job, URL, mac=MAC, overwrite=False)
    line = next(line for line in text.splitlines() if line.startswith("install-host-key"))
    key = RunSecret(b"k" * 32).host_key(job.id)
    installed = base64.b64decode(line.split()[1]).decode()
    public = asyncssh.import_private_key(installed).export_public_key().decode()
    assert public.split()[1] == key.public.split()[1]
    login = shlex.split(next(line for line in text.splitlines() if line.startswith("sshkey")))[2]
    assert login == RunSecret(b"k" * 32).login_key(job.id).public
    assert options(text, "ignoredisk") == {"--only-use": "DISK-1"}


def placed(given: PlanInput, **changes: Any) -> PlanInput:
    """The same plan, with an address for its physical server."""
    server = msgspec.structs.replace(given.site.physical_servers[0], **changes)
    return msgspec.structs.replace(
        given, site=msgspec.structs.replace(given.site, physical_servers=(server,))
    )


@pytest.mark.parametrize(("mode", "vlan"), [("drill", "1010"), ("disaster", "10")])
def test_the_linux_server_keeps_the_address_that_guests_know(mode: Mode, vlan: str, tmp_path: Path) -> None:
    given = placed(
        plan("db-01", mode),
        network="Management",
        ip="10.10.0.40",
        netmask="255.255.252.0",
        gateway="10.10.0.1",
    )
    scripts, job = made(given, tmp_path)
    text = scripts.kickstart(job, URL, mac=MAC, overwrite=False)
    first, second = (line for line in text.splitlines() if line.startswith("network "))
    assert "--ip=127.88.4.10" in first
    assert "--hostname=db-01" in first
    assert second == (
        f"network --bootproto=static --device=aa:00:00:00:00:03 --vlanid={vlan} --ip=10.10.0.40"
        " --netmask=255.255.252.0 --gateway=10.10.0.1 --activate"
    )


def test_a_server_on_an_unmapped_network_is_not_installed(tmp_path: Path) -> None:
    scripts, job = made(placed(plan("db-01"), network="Elsewhere", ip="10.10.0.40"), tmp_path)
    with pytest.raises(Refused, match="Elsewhere is mapped to none"):
        scripts.kickstart(job, URL, mac=MAC, overwrite=False)


@pytest.mark.parametrize(
    ("network", "ip", "netmask", "text"),
    [
        ("Elsewhere", "10.10.0.40", "255.255.252.0", "Elsewhere is mapped to none in this mode"),
        ("Real only", "10.10.0.40", "255.255.252.0", "Real only is mapped to none in this mode"),
        ("", "10.10.0.40", "255.255.252.0", r"\(none\) is mapped to none"),
        ("Management", "10.10.0.40", "", "no netmask"),
    ],
)
def test_a_server_whose_network_is_not_known_is_refused_while_the_run_is_planned(
    network: str, ip: str, netmask: str, text: str
) -> None:
    given = plan("db-01")
    real = NetworkMapping(name="Real only", real=NetworkPlace(vlan=10))
    given = msgspec.structs.replace(
        given, site=msgspec.structs.replace(given.site, networks=(*given.site.networks, real))
    )
    with pytest.raises(Refused, match=text):
        steps(placed(given, network=network, ip=ip, netmask=netmask))


def test_an_untagged_network_needs_a_nic_of_its_own(tmp_path: Path) -> None:
    given = plan("db-01")
    untagged = NetworkMapping(name="Flat", drill=NetworkPlace(vlan=0))
    given = msgspec.structs.replace(given, site=msgspec.structs.replace(given.site, networks=(untagged,)))
    given = placed(given, network="Flat", ip="10.10.0.40", netmask="255.255.252.0")
    scripts, job = made(given, tmp_path)
    second = scripts.kickstart(job, URL, mac=MAC, overwrite=False).splitlines()[6]
    assert second.startswith("network --bootproto=static --device=aa:00:00:00:00:03 --ip=10.10.0.40 ")
    one = Target(name="E", segment="rack-1", hardware=hardware(nics=(TargetNic(id="1", mac=MAC, link=True),)))
    with pytest.raises(Refused, match="untagged"):
        steps(msgspec.structs.replace(given, targets={"E": one}))


def answers(given: PlanInput, folder: Path) -> dict[str, Any]:
    scripts, job = made(given, folder)
    told: dict[str, Any] = json.loads(scripts.answers(job, mac=MAC))["new_vcsa"]
    return told


def test_the_management_server_keeps_its_interface_and_gets_one_more(tmp_path: Path) -> None:
    told = answers(plan("vc-01"), tmp_path)
    assert told["extra_network"] == {"mac": MAC, "ip": "127.88.4.10", "prefix": 22}
    network = told["network"]
    assert (network["mac"], network["vlan"], network["ip"]) == ("aa:00:00:00:00:03", 1010, "10.10.0.5")
    assert (network["gateway"], network["system_name"]) == ("10.10.0.1", "vc-01.corp.example")
    assert told["instance_uuid"] == "5b1c7d4a-0000-4000-8000-000000000001"
    assert told["os"]["ntp_servers"] == ["10.0.0.1"]
    assert "more_networks" not in told


def test_a_real_run_uses_the_real_vlan(tmp_path: Path) -> None:
    assert answers(plan("vc-01", "disaster"), tmp_path)["network"]["vlan"] == 10


def test_a_drill_never_falls_back_to_the_real_vlan(tmp_path: Path) -> None:
    network = msgspec.structs.replace(site().networks[0], drill=None)
    isolated = msgspec.structs.replace(site(), networks=(network,))
    with pytest.raises(Refused, match="Management is mapped to none"):
        answers(plan("vc-01", site=isolated), tmp_path)


def test_further_captured_interfaces_come_along(tmp_path: Path) -> None:
    found = snapshot()
    server = found.management_server
    assert server is not None
    second = ManagementInterface(
        name="eth1", network="network-1", addresses=(Address(ip="10.11.0.5", prefix=24),)
    )
    server = msgspec.structs.replace(server, interfaces=(*server.interfaces, second))
    given = plan("vc-01", snapshot=msgspec.structs.replace(found, management_server=server))
    assert answers(given, tmp_path)["more_networks"] == [
        {"mac": "aa:00:00:00:00:03", "vlan": 1010, "ip": "10.11.0.5", "prefix": 24}
    ]


@pytest.mark.parametrize("serial", ["DISK 1", "DISK-1\nreboot", "DISK'1", "x;reboot", 'x"', "x`id`"])
def test_a_serial_that_would_be_a_directive_is_refused(tmp_path: Path, serial: str) -> None:
    disks = (TargetDisk(id="D1", serial=serial, size_bytes=1 << 40, has_data=False),)
    target = Target(name="E", segment="rack-1", hardware=hardware(disks=disks))
    scripts, job = made(plan(target=target), tmp_path)
    with pytest.raises(Refused):
        scripts.kickstart(job, URL, mac=MAC, overwrite=False)


def test_a_hostile_host_name_becomes_a_harmless_one(tmp_path: Path) -> None:
    found = snapshot()
    host = msgspec.structs.replace(found.hosts[0], dns=None, name="esx\n%pre; rm -rf /\u202e")
    given = plan(snapshot=msgspec.structs.replace(found, hosts=(host, found.hosts[1])))
    scripts, job = made(given, tmp_path)
    named = msgspec.structs.replace(job, name=host.name)
    text = scripts.kickstart(named, URL, mac=MAC, overwrite=False)
    assert options(text, "network")["--hostname"] == "esx-pre-rm--rf"


@pytest.mark.parametrize(
    ("product", "version", "folder"),
    [
        ("VMware ESXi", "8.0.3", "VMware-ESXi-8.0.3"),
        ("VMware vCenter Server", "8.0.3", "VMware-vCenter-Server-8.0.3"),
        ("Debian", "12", "Debian-12"),
        ("../../etc", "..", "etc"),
    ],
)
def test_the_medium_is_that_of_the_captured_product(product: str, version: str, folder: str) -> None:
    assert folder_name(product, version) == folder


def test_a_snapshot_without_product_installs_nothing() -> None:
    with pytest.raises(Refused):
        folder_name("", "8.0.3")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"nics": (TargetNic(id="1", mac=MAC, link=False),)}, "no NIC has link"),
        ({"disks": ()}, "no disk"),
        ({"disks": (TargetDisk(id="1", serial="S", size_bytes=9, has_data=True),)}, "holds data"),
    ],
)
def test_a_target_that_cannot_be_installed_on_is_refused_at_planning(
    changes: dict[str, Any], text: str
) -> None:
    target = Target(name="E", segment="rack-1", hardware=hardware(**changes))
    with pytest.raises(Refused, match=text):
        install_job(plan(target=target), deployed(plan())[0])


def test_an_empty_disk_is_taken_before_one_that_may_be_wiped() -> None:
    disks = (
        TargetDisk(id="1", serial="FULL", size_bytes=9, has_data=True),
        TargetDisk(id="2", serial="EMPTY", size_bytes=9, has_data=False),
    )
    target = Target(name="E", segment="rack-1", may_wipe=True, hardware=hardware(disks=disks))
    assert install_job(plan(target=target), deployed(plan())[0]).disk == "EMPTY"


@pytest.mark.parametrize(
    ("role", "gone"),
    [
        ("esx-01", "VMware-ESXi-8.0.3/s.v00"),
        ("vc-01", "VMware-vCenter-Server-8.0.3/appliance.img"),
        ("db-01", "Debian-12/initrd.img"),
        ("db-01", "wipe/vmlinuz"),
    ],
)
def test_a_medium_that_lacks_a_file_is_refused_before_anything_is_halted(
    tmp_path: Path, role: str, gone: str
) -> None:
    images = write_media(tmp_path)
    (images / "VMware-ESXi-8.0.3" / "imgdb.tgz").write_text("module")
    network = msgspec.structs.replace(NETWORK, images=str(images))
    assert len(steps(plan(role, provisioning=network))) == 3
    (images / gone).unlink()
    with pytest.raises(Refused, match=gone.rpartition("/")[2]):
        steps(plan(role, provisioning=network))
