"""Wiping by the world's own word: with consent only, the disk installed on only, and until it is empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from drconsole import settings as configuration
from drconsole.errors import Refused
from drconsole.lab.lab import Lab, make_lab
from drconsole.lab.net.addresses import claim
from drconsole.lab.net.fetch import machine_fetch
from drconsole.lab.options import LabOptions
from drconsole.lab.world.machine import Disk
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.steps import cleanup_steps, steps
from drconsole.settings.values import DEADLINES, Settings
from tests.lab.metal import carrying, planned, probed

SPEED = 600
DATA = "somebody's data"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """In this process, so that a test can put data on a disk."""
    patient = dict.fromkeys(DEADLINES, 10.0 * SPEED)
    options = LabOptions(
        directory=str(tmp_path), hosts=1, vms=2, targets=2, speed=SPEED, deadlines=patient, unlinked=0
    )
    async with machine_fetch() as fetch:
        lab = make_lab(options, claim(), fetch)
        await lab.open()
        try:
            yield lab
        finally:
            await lab.close()


def disks(lab: Lab, target: str) -> tuple[Disk, Disk]:
    """The small disk to boot from, and the large one, which erases itself on every other machine."""
    small, large = lab.world.machines[target].disks
    return small, large


def settings(lab: Lab, *, may_wipe: bool) -> Settings:
    config = configuration.load(lab.options.path / "drconsole.toml")
    pool = {
        name: msgspec.structs.replace(machine, may_wipe=may_wipe) for name, machine in config.pool.items()
    }
    return msgspec.structs.replace(config, pool=pool)


async def installed_and_given_back(lab: Lab, config: Settings, given: PlanInput) -> list[str]:
    """Returns what happened to machines while the run's own were given back."""
    async with carrying(config, given) as (carrier, _):
        await carrier.carry(*steps(given))
        (target,) = given.targets
        assert sum(disk.content == "installed:hypervisor" for disk in disks(lab, target)) == 1
        before = len(lab.world.ledger.entries)
        await carrier.carry(*cleanup_steps(given))
    return [entry.effect for entry in lab.world.ledger.entries[before:] if "machine/" in entry.object]


async def test_data_that_nobody_gave_up_refuses_the_run_while_it_is_planned(lab: Lab) -> None:
    config = settings(lab, may_wipe=False)
    for disk in disks(lab, "D"):
        disk.content = DATA
    given = await planned(config, "R-WIPE-1", {"esx-01": "D"})
    with pytest.raises(Refused, match="every disk that is large enough holds data") as refused:
        steps(given)
    assert refused.value.about == "D"
    assert lab.world.ledger.of("power-on") == []


async def test_data_that_came_after_the_probe_is_refused_before_the_machine_is_touched(lab: Lab) -> None:
    config = settings(lab, may_wipe=False)
    given = await planned(config, "R-WIPE-2", {"esx-01": "D"})
    for disk in disks(lab, "D"):
        disk.content = DATA
    async with carrying(config, given) as (carrier, _):
        with pytest.raises(Refused, match="holds data"):
            await carrier.carry(*steps(given))
    assert [disk.content for disk in disks(lab, "D")] == [DATA, DATA]
    assert lab.world.ledger.of("power-on") == []


async def test_an_empty_disk_is_taken_and_the_one_with_data_is_left_alone(lab: Lab) -> None:
    """The empty one erases itself: no second boot from the network is needed."""
    config = settings(lab, may_wipe=False)
    small, large = disks(lab, "E")
    assert large.secure_erase
    small.content = DATA
    given = await planned(config, "R-WIPE-3", {"esx-01": "E"})
    happened = await installed_and_given_back(lab, config, given)
    assert (small.content, large.content) == (DATA, "")
    assert happened == ["power-off", "wipe"]
    hardware = (await probed(config, "E")).hardware
    assert hardware is not None
    assert {disk.serial: disk.has_data for disk in hardware.disks} == {
        small.serial: True,
        large.serial: False,
    }
    assert hardware.power == "off"


async def test_a_disk_that_cannot_erase_itself_is_wiped_by_a_boot_from_the_network(lab: Lab) -> None:
    """With consent the data goes, of the one disk that is installed on."""
    config = settings(lab, may_wipe=True)
    small, large = disks(lab, "D")
    assert not small.secure_erase
    assert not large.secure_erase
    small.content = large.content = DATA
    given = await planned(config, "R-WIPE-4", {"esx-01": "D"})
    happened = await installed_and_given_back(lab, config, given)
    assert (small.content, large.content) == ("", DATA)
    assert happened == ["power-off", "power-on", "netboot", "wipe", "power-off"]
    hardware = (await probed(config, "D")).hardware
    assert hardware is not None
    assert [disk.has_data for disk in hardware.disks] == [False, True]
