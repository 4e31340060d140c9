"""Power and boot order through BMCs with the habits of their vendors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drconsole.errors import DeadlinePassed, DeviceError
from drconsole.provisioning.redfish import RedfishMachine
from tests.unit.devices.bmc import FakeMachine, Habits
from tests.unit.devices.served import client_of, served

URL = "http://127.0.0.1:9/boot/TOKEN/boot.ipxe"


@asynccontextmanager
async def opened(fake: FakeMachine, folder: Path) -> AsyncIterator[RedfishMachine]:
    async with served(fake.application(), folder) as place:
        machine = RedfishMachine(client_of(place), settle_s=1)
        yield machine
        await machine.close()
        await fake.stop()


async def test_a_probe_reads_what_planning_wants_to_know(tmp_path: Path) -> None:
    async with opened(FakeMachine(disk="data"), tmp_path) as machine:
        found = await machine.probe()
    assert (found.uuid, found.serial, found.power) == (
        "4c4c4544-0042-3510-8054-b4c04f564433",
        "SN-E",
        "off",
    )
    assert (found.cpu_vendor, found.cpu_cores, found.memory_mib) == ("intel", 32, 262144)
    assert [(nic.mac, nic.link) for nic in found.nics] == [
        ("aa:00:00:00:00:01", False),
        ("aa:00:00:00:00:02", True),
        ("aa:00:00:00:00:03", True),
    ]
    assert [(disk.serial, disk.has_data, disk.secure_erase) for disk in found.disks] == [
        ("DISK-1", True, True)
    ]
    assert found.wwpns == ("10000000c9000001",)
    assert (found.boot_mode, found.secure_boot) == ("uefi", False)
    assert abs(found.skew_s) < 5


@pytest.mark.parametrize("habits", [Habits(), Habits(demands_etag=True), Habits(settings_object=True)])
async def test_the_boot_order_is_set_whatever_the_vendor_demands(tmp_path: Path, habits: Habits) -> None:
    fake = FakeMachine(habits=habits)
    async with opened(fake, tmp_path) as machine:
        await machine.boot_from(URL)
        assert fake.boot["HttpBootUri"] == URL
        assert fake.boot["BootSourceOverrideEnabled"] == "Once"
        await machine.boot_as_usual()
        assert await machine.boots_as_usual()


async def test_power_on_is_asked_again_while_the_bmc_is_busy(tmp_path: Path) -> None:
    fake = FakeMachine(habits=Habits(busy_after_off=2))
    async with opened(fake, tmp_path) as machine:
        await machine.turn_on(within_s=5)
        await machine.turn_on(within_s=5)
        assert await machine.power() == "on"
    assert fake.log.count("On") == 1


async def test_power_off_is_polite_first_and_forced_then(tmp_path: Path) -> None:
    fake = FakeMachine(power="On")
    async with opened(fake, tmp_path) as machine:
        await machine.turn_off(within_s=2, graceful=True)
    assert fake.log == ["GracefulShutdown", "ForceOff"]


async def test_power_that_is_stuck_is_said(tmp_path: Path) -> None:
    async with opened(FakeMachine(power="On", habits=Habits(stuck_on=True)), tmp_path) as machine:
        with pytest.raises(DeadlinePassed, match="still on"):
            await machine.turn_off(within_s=0.5)


async def test_an_order_that_does_not_stick_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeMachine()
    fake.boot = _Forgetful(fake.boot)
    async with opened(fake, tmp_path) as machine:
        with pytest.raises(DeviceError, match="forgot"):
            await machine.boot_from(URL)


class _Forgetful(dict[str, str]):
    def __ior__(self, other: object) -> _Forgetful:  # type: ignore[override, misc]  # forgets what it is told
        return self


async def test_a_drive_that_cannot_erase_itself_says_so(tmp_path: Path) -> None:
    async with opened(FakeMachine(habits=Habits(erases_itself=False)), tmp_path) as machine:
        assert not await machine.erase("DISK-1")
    fake = FakeMachine(disk="data")
    async with opened(fake, tmp_path) as machine:
        assert await machine.erase("DISK-1")
        assert not await machine.erase("DISK-2")
    assert fake.disk == ""
