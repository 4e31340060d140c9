"""What `lab up` writes is a configuration that every command takes for the real world."""

from __future__ import annotations

import stat
from pathlib import Path

from drconsole import settings
from drconsole.lab.build import blueprint as plan
from drconsole.lab.configuration import Access, write_configuration
from drconsole.lab.net.addresses import claim
from drconsole.lab.net.listeners import Device
from drconsole.lab.options import LabOptions
from drconsole.lab.world.certificate import self_signed
from drconsole.lab.world.clock import VirtualClock
from drconsole.provisioning.images import folder_name
from drconsole.settings.values import DEADLINES
from tests.lab.bare_world import bare_world


def _device(address: str, name: str) -> Device:
    return Device(address, "admin", f"secret of {name}", self_signed(name))


def _written(folder: Path, speed: float = 60) -> tuple[Path, Access]:
    world, addresses = bare_world(VirtualClock()), claim()
    targets = [machine.name for machine in world.machines.values() if machine.side == "recovery"]
    access = Access(
        vcenter=_device(addresses.vcenter, "vcenter"),
        bmcs={name: _device(addresses.bmc(number), name) for number, name in enumerate(targets)},
        arrays={name: _device(addresses.array(number), name) for number, name in enumerate(world.arrays)},
        root_password="secret of root",
    )
    options = LabOptions(directory=str(folder), speed=speed, deadlines=dict(DEADLINES))
    addresses.lock.close()
    return write_configuration(options, world, addresses, access), access


def test_the_product_reads_it(tmp_path: Path) -> None:
    path, access = _written(tmp_path)
    found = settings.load(path)
    site = found.sites[plan.SITE]
    assert site.endpoint.pin == access.vcenter.certificate.pin
    assert (site.rpo_s, site.rto_s) == (900, 14_400)
    assert [network.name for network in site.networks] == [network.name for network in plan.NETWORKS]
    assert {(a.place.name, a.place.side, a.place.peer) for a in found.arrays.values()} == {
        ("array1", "protected", ""),
        ("array2", "protected", ""),
        ("r1", "recovery", "array1"),
        ("r2", "recovery", "array2"),
    }
    assert list(found.pool) == list("DEFGHIJK")
    assert all(machine.may_wipe for machine in found.pool.values())
    assert found.state_dir == str(tmp_path / "state")


def test_every_drill_network_is_isolated_from_the_real_one(tmp_path: Path) -> None:
    path, _ = _written(tmp_path)
    for network in settings.load(path).sites[plan.SITE].networks:
        assert network.drill is not None
        assert network.real is not None
        assert network.drill.vlan == 1000 + network.real.vlan


def test_deadlines_are_divided_by_the_speed_and_never_below_two_seconds(tmp_path: Path) -> None:
    path, _ = _written(tmp_path, speed=60)
    found = settings.load(path).deadlines
    assert found["install-management"] == 60
    assert found["bmc-connect"] == 2
    assert found["power"] == 3


def test_secrets_stand_in_files_that_only_the_owner_reads(tmp_path: Path) -> None:
    path, access = _written(tmp_path)
    text = path.read_text(encoding="utf-8")
    for device in (access.vcenter, *access.bmcs.values(), *access.arrays.values()):
        assert device.password not in text
    files = list((tmp_path / "secrets").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert (tmp_path / "secrets" / "root").read_text(encoding="utf-8").strip() == "secret of root"


def test_there_is_an_image_of_each_captured_product(tmp_path: Path) -> None:
    _written(tmp_path)
    for product, version in (plan.ESXI[:2], plan.VCENTER[:2], plan.LINUX):
        folder = tmp_path / "images" / folder_name(product, version)
        assert folder.is_dir(), folder
    assert (tmp_path / "images" / "wipe" / "vmlinuz").exists()
