"""The lab's machines, taken from bare metal to what they shall be, and given back empty.

The lab speaks Redfish, boots over HTTP and parses our scripts by rules of its own; it knows nothing of
the code that is tested here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole import settings as configuration
from drconsole.errors import DeadlinePassed, DRConsoleError, Unreachable
from drconsole.lab.options import LabOptions
from drconsole.lab.process import LabHandle, running
from drconsole.model.step import Facts, Step
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.steps import cleanup_steps, steps
from drconsole.replication import handlers as replication
from drconsole.replication.steps import cleanup_steps as replication_cleanup
from drconsole.replication.steps import steps as replication_steps
from drconsole.settings.values import DEADLINES, Settings
from tests.lab.metal import carrying, planned, probed
from tests.unit.devices.work import Carrier

SPEED = 300
HASTE_S = 1.0
"""For what shall come to nothing: as long as three of the lab's boots."""

ROLES = {"vc-01": "D", "esx-01": "E", "db-01": "F"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHandle]:
    folder = tmp_path_factory.mktemp("lab")
    # Deadlines are wall time, and this machine may be busy: only the lab's durations shall be short.
    patient = dict(DEADLINES) | {"netboot": 4 * SPEED, "power": 5 * SPEED, "install-linux": 8 * SPEED}
    options = LabOptions(directory=str(folder), speed=SPEED, deadlines=patient)
    with running(options) as lab:
        yield lab


@pytest.fixture
def config(lab: LabHandle) -> Settings:
    return configuration.load(lab.configuration)


def ledger(lab: LabHandle, effect: str, target: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in lab.ledger.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["effect"] == effect and target in line["object"].split("/")]


def chains(given: PlanInput) -> list[list[Step]]:
    every = steps(given)
    return [[step for step in every if step.object == role] for role in given.addresses]


async def test_all_three_kinds_are_installed_at_once_and_given_back(lab: LabHandle, config: Settings) -> None:
    given = await planned(config, "R-LAB-1", ROLES)
    async with carrying(config, given) as (carrier, _):
        await asyncio.gather(*(carrier.carry(*chain) for chain in chains(given)))
        for role, became in (("vc-01", "management"), ("esx-01", "hypervisor"), ("db-01", "linux")):
            told = carrier.results[keys.ready(role)]
            assert (told["became"], told["address"]) == (became, given.addresses[role])
            (ready,) = ledger(lab, "ready", ROLES[role])
            assert ready["detail"]["became"] == became
            assert len(ledger(lab, "install-start", ROLES[role])) == 1
        _the_database_server_is_back(lab, carrier.results[keys.ready("db-01")])
        for target in ROLES.values():
            own = [step for step in cleanup_steps(given) if step.machine == target]
            await carrier.carry(*own)
    for target in ROLES.values():
        hardware = (await probed(config, target)).hardware
        assert hardware is not None
        assert (hardware.power, {disk.has_data for disk in hardware.disks}) == ("off", {False})
        assert len(ledger(lab, "wipe", target)) == 1


def _the_database_server_is_back(lab: LabHandle, told: Facts) -> None:
    """What it says of itself over SSH is what the world knows, on the drill's VLAN of its network."""
    (mine,) = lab.request("dump", side="protected")["physicalServer"]
    (back,) = lab.request("dump", side="recovered")["physicalServer"]
    moved = {"machine", "vlan", "provisioning"}
    assert {k: v for k, v in back.items() if k not in moved} == {
        k: v for k, v in mine.items() if k not in moved
    }
    assert (back["machine"], back["vlan"], back["provisioning"]) == (
        "F",
        1000 + mine["vlan"],
        told["address"],
    )
    said = told["observed"]
    assert (said["os_id"], said["os_version"], said["hostname"]) == ("rhel", "9.4", "db-01")
    assert [(i["vlan"], i["ip"], i["prefix"]) for i in said["interfaces"]] == [
        (0, told["address"], 22),
        (back["vlan"], back["ip"], back["prefix"]),
    ]
    assert said["gateway"] == mine["gateway"]
    assert (said["cpu_cores"], said["nics"]) == (32, 4)
    assert 0.9 * 262_144 < said["memory_mib"] < 262_144


async def test_both_faults_of_an_install_are_told_and_mended_by_a_retry(
    lab: LabHandle, config: Settings
) -> None:
    await asyncio.gather(_never_netboots(lab, config), _install_fails(lab, config))


async def _never_netboots(lab: LabHandle, config: Settings) -> None:
    given = await planned(config, "R-LAB-2", {"esx-01": "G"})
    lab.request("fault", name="never-netboots", where={"machine": "G"})
    async with carrying(config, given, netboot=HASTE_S) as (carrier, hasty):
        with pytest.raises(DeadlinePassed, match="never booted from the network") as caught:
            await hasty.carry(*steps(given))
        assert "spare" in caught.value.remedy
        lab.request("fault", name="never-netboots", clear=True)
        await carrier.carry(*steps(given))
        await carrier.carry(*cleanup_steps(given))


async def _install_fails(lab: LabHandle, config: Settings) -> None:
    given = await planned(config, "R-LAB-3", {"db-01": "H"})
    lab.request("fault", name="install-fails", where={"machine": "H"}, times=1)
    async with carrying(config, given, install_linux=3 * HASTE_S) as (carrier, hasty):
        with pytest.raises(DeadlinePassed, match="the installer has been silent"):
            await hasty.carry(*steps(given))
        await carrier.carry(*steps(given))
        await carrier.carry(*cleanup_steps(given))
    assert len(ledger(lab, "install-failed", "H")) == 1


async def test_a_drill_clones_presents_and_withdraws(lab: LabHandle, config: Settings) -> None:
    given = await planned(config, "R-LAB-4", {"esx-01": "I"})
    carrier = Carrier(replication.handlers(config, given))
    await carrier.carry(*replication_steps(given))
    for group in {f"{entry.array}/{entry.group}" for entry in given.site.groups}:
        assert carrier.results[keys.halted(group)]["clone"]
        for volume in carrier.results[keys.presented(group)]["volumes"]:
            assert bool(volume["naa"]) != bool(volume["nfs_host"])
    await carrier.carry(*replication_cleanup(given))
    again = Carrier(replication.handlers(config, given))
    await again.carry(*replication_cleanup(given))
    assert again.acted == []


def test_the_boot_folder_is_private(config: Settings) -> None:
    folder = Path(config.state_dir) / "boot"
    assert folder.stat().st_mode & 0o077 == 0


async def test_a_disaster_halts_what_it_can_names_the_rest_and_needs_nobody_at_the_protected_site(
    lab: LabHandle, config: Settings
) -> None:
    """Last: it halts the groups for good."""
    given = msgspec.structs.replace(await planned(config, "R-LAB-5", {"esx-01": "I"}), mode="disaster")
    lab.request("fault", name="site-gone", where={})
    lab.request(
        "fault", name="array-refuses", where={"array": "r1", "verb": "halt", "volume": "vol2-replica"}
    )
    carrier = Carrier(replication.handlers(config, given), "disaster")
    halts = [step for step in replication_steps(given) if step.stage == "halt"]
    with pytest.raises(DRConsoleError, match="vol2"):
        await carrier.carry(*halts)
    lab.request("fault", name="array-refuses", clear=True)
    await carrier.carry(*replication_steps(given))
    for group in {f"{entry.array}/{entry.group}" for entry in given.site.groups}:
        assert carrier.results[keys.halted(group)]["rpo_s"] >= 0
        assert carrier.results[keys.presented(group)]["volumes"]


async def test_a_silent_bmc_is_told_at_once(lab: LabHandle, config: Settings) -> None:
    lab.request("fault", name="bmc-silent", where={"machine": "K"})
    with pytest.raises(Unreachable, match="BMC of K"):
        await probed(config, "K")
    lab.request("fault", name="bmc-silent", clear=True)
    assert (await probed(config, "K")).hardware is not None
