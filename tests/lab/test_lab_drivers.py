"""The product's own clients take the lab for real devices: what both read from one page agrees."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from drconsole import settings
from drconsole.errors import DeviceError, PinMismatch, Unreachable, WrongCredentials
from drconsole.lab.options import LabOptions
from drconsole.lab.process import LabHandle, running
from drconsole.provisioning.redfish.machine import open_machine
from drconsole.replication.contract import ReplicationDriver
from drconsole.replication.registry import open_array
from drconsole.settings.values import DEADLINES, Settings


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHandle]:
    folder = tmp_path_factory.mktemp("lab")
    with running(LabOptions(directory=str(folder), speed=60, deadlines=dict(DEADLINES))) as lab:
        yield lab


@pytest.fixture
def configuration(lab: LabHandle) -> Settings:
    return settings.load(lab.configuration)


def _refused(lab: LabHandle, device: str) -> int:
    return int(lab.request("status")["refusedLogins"].get(device, 0))


async def test_a_target_is_probed_ordered_and_powered(configuration: Settings) -> None:
    machine = open_machine(configuration.pool["D"], configuration)
    try:
        found = await machine.probe()
        assert (found.cpu_vendor, found.cpu_cores, found.memory_mib) == ("intel", 16, 131_072)
        assert (found.boot_mode, found.power) == ("uefi", "off")
        assert all(disk.has_data is False for disk in found.disks)
        assert len(found.wwpns) == 2
        await machine.boot_from("http://127.0.0.1:1/boot.ipxe")
        await machine.turn_on(within_s=20)
        await machine.turn_off(within_s=20)
        assert (await machine.probe()).power == "off"
    finally:
        await machine.close()


async def test_one_share_of_the_targets_has_no_management_uplink(configuration: Settings) -> None:
    links = []
    for place in configuration.pool.values():
        machine = open_machine(place, configuration)
        links.append([nic.link for nic in (await machine.probe()).nics])
        await machine.close()
    assert sorted(link[2] is True for link in links) == [False] * 2 + [True] * 6


async def test_a_whole_failover_of_a_group(configuration: Settings) -> None:
    array = open_array(configuration.arrays["r1"], configuration)
    try:
        await _fail_over(array)
    finally:
        await array.close()


async def _fail_over(array: ReplicationDriver) -> None:
    (group,) = await array.discover()
    volume = group.volumes[0].id
    with pytest.raises(DeviceError):
        await array.present((volume,), ("2100000000000001",))
    await array.test_start(group.id, token="run-1/clone", label="drill")
    (clone,) = (await array.query(group.id)).clones
    await array.present(tuple(v.id for v in clone.volumes), ("2100000000000001",))
    await array.test_stop(group.id, clone.handle)
    assert await array.presentations() == ()
    await array.halt(group.id, token="run-2/halt")
    await array.promote(group.id, token="run-2/promote")
    await array.present((volume,), ("2100000000000001",))
    assert (await array.query(group.id)).state == "promoted"
    (presented,) = await array.presentations()
    assert (presented.volume, presented.initiators) == (volume, ("2100000000000001",))


async def test_a_wrong_password_is_never_tried_twice(lab: LabHandle, configuration: Settings) -> None:
    secret = lab.directory / "secrets" / "bmc-F"
    right = secret.read_text(encoding="utf-8")
    for tries, password in ((1, "wrong\n"), (1, "wrong\n"), (2, "wrong too\n"), (2, "wrong\n")):
        secret.write_text(password, encoding="utf-8")
        machine = open_machine(configuration.pool["F"], configuration)
        with pytest.raises(WrongCredentials):
            await machine.probe()
        await machine.close()
        assert _refused(lab, "bmc/F") == tries
    secret.write_text(right, encoding="utf-8")
    machine = open_machine(configuration.pool["F"], configuration)
    assert (await machine.probe()).power == "off"
    await machine.close()


async def test_another_certificate_is_refused_before_any_password_is_sent(
    lab: LabHandle, configuration: Settings
) -> None:
    place = configuration.pool["G"]
    wrong = msgspec.structs.replace(place.bmc, pin=configuration.pool["H"].bmc.pin)
    machine = open_machine(msgspec.structs.replace(place, bmc=wrong), configuration)
    with pytest.raises(PinMismatch) as caught:
        await machine.probe()
    await machine.close()
    assert wrong.pin in str(caught.value)
    assert place.bmc.pin in str(caught.value)
    assert _refused(lab, "bmc/G") == 0


@pytest.mark.parametrize("mode", ["refused", "black-hole"])
async def test_a_silent_bmc_is_unreachable(lab: LabHandle, configuration: Settings, mode: str) -> None:
    lab.request("fault", name="bmc-silent", where={"machine": "H", "mode": mode})
    try:
        machine = open_machine(configuration.pool["H"], configuration)
        with pytest.raises(Unreachable):
            await machine.probe()
        await machine.close()
    finally:
        lab.request("fault", name="bmc-silent", clear=True)
