"""From bare metal to a machine that answers, and back, through every way in which nothing happens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole.errors import DeadlinePassed, DeviceError, DRConsoleError, OutcomeUnknown, Refused
from drconsole.model.step import Mode, Step
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.boot_service import BootService, open_boot
from drconsole.provisioning.handlers import handlers
from drconsole.provisioning.redfish.machine import RedfishMachine
from drconsole.provisioning.steps import cleanup_steps, steps
from drconsole.settings.values import DEADLINES
from tests.unit.devices.bmc import FakeMachine, Habits
from tests.unit.devices.media import write_media
from tests.unit.devices.plans import NETWORK, hardware, plan, settings
from tests.unit.devices.served import Place, served
from tests.unit.devices.work import Carrier
from tests.unit.wire.impostor import Identity


class Room:
    """A target with its BMC, a boot service, and the steps of one role."""

    def __init__(self, folder: Path, fake: FakeMachine, place: Place) -> None:
        self.folder = folder
        self.fake = fake
        self._place = place
        self._boots: list[BootService] = []

    async def carrier(self, given: PlanInput) -> Carrier:
        """As a runner does when it starts."""
        config = settings(self.folder, bmc=self._place)
        boot = open_boot(config, given)
        await boot.start()
        self._boots.append(boot)
        return Carrier(handlers(config, given, boot))

    async def stop(self) -> None:
        for boot in self._boots:
            await boot.stop()
        await self.fake.stop()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    write_media(tmp_path)
    fake = FakeMachine(port=_free_port(), identity=Identity(tmp_path, "installed"))
    async with served(fake.application(), tmp_path) as place:
        room = Room(tmp_path, fake, place)
        yield room
        await room.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.88.4.10", 0))
        return int(probe.getsockname()[1])


def planned(room: Room, role: str = "esx-01", mode: Mode = "drill", **changes: Any) -> PlanInput:
    network = msgspec.structs.replace(NETWORK, https_port=room.fake.port)
    return plan(role, mode, provisioning=network, **changes)


async def installed(room: Room, given: PlanInput) -> Carrier:
    carrier = await room.carrier(given)
    await carrier.carry(*steps(given))
    return carrier


@pytest.mark.parametrize(("role", "became"), [("esx-01", "hypervisor"), ("vc-01", "management")])
async def test_a_machine_is_installed_and_answers(room: Room, role: str, became: str) -> None:
    carrier = await installed(room, planned(room, role))
    assert room.fake.identity is not None
    told = carrier.results[keys.ready(role)]
    assert {key: told[key] for key in ("target", "address", "port", "pin", "uuid", "became", "mac")} == {
        "target": "E",
        "address": "127.88.4.10",
        "port": room.fake.port,
        "pin": room.fake.identity.pin,
        "uuid": "4c4c4544-0042-3510-8054-b4c04f564433",
        "became": became,
        "mac": "aa:00:00:00:00:02",
    }
    assert room.fake.log == ["boot Once", "On", "installed"]


async def test_a_run_that_is_carried_again_does_nothing_twice(room: Room) -> None:
    given = planned(room)
    first = await installed(room, given)
    assert first.acted == [step.key for step in steps(given)][: len(first.acted)]
    for boot in room._boots:
        await boot.stop()
    second = await installed(room, given)
    assert second.acted == []
    assert second.results[keys.ready("esx-01")] == first.results[keys.ready("esx-01")]
    assert room.fake.log.count("installed") == 1


async def test_cleanup_gives_back_what_it_took(room: Room) -> None:
    given = planned(room)
    carrier = await installed(room, given)
    await carrier.carry(*cleanup_steps(given))
    assert (room.fake.disk, room.fake.power) == ("", "Off")
    assert room.fake.boot["BootSourceOverrideEnabled"] == "Disabled"
    assert carrier.results["cleanup/E/wipe"] == {"wiped": ["DISK-1"]}


async def test_a_disk_that_cannot_erase_itself_is_wiped_over_the_network(room: Room) -> None:
    room.fake.habits.erases_itself = False
    given = planned(room)
    carrier = await installed(room, given)
    await carrier.carry(*cleanup_steps(given))
    assert (room.fake.disk, room.fake.power) == ("", "Off")
    assert "erase" not in room.fake.log


async def test_cleanup_leaves_a_machine_alone_that_was_never_touched(room: Room) -> None:
    room.fake.disk = "somebody else's"
    given = planned(room)
    carrier = await room.carrier(given)
    await carrier.carry(*cleanup_steps(given))
    assert (carrier.acted, room.fake.log, room.fake.disk) == ([], [], "somebody else's")


async def test_a_bmc_that_ignores_once_is_told_to_go_on_and_then_to_stop(room: Room) -> None:
    room.fake.habits = Habits(ignores_once=True)
    await installed(room, planned(room))
    orders = [line for line in room.fake.log if line.startswith("boot")]
    assert orders == ["boot Once", "boot Once", "boot Continuous", "boot Disabled"]


@pytest.mark.parametrize(
    ("habits", "step", "text"),
    [
        (Habits(never_netboots=True), "boot", "never booted from the network"),
        (Habits(fetches_no_script=True), "install", "fetched no kickstart"),
        (Habits(installer_silent=True), "install", "never reported"),
        (Habits(installer_error="no+space"), "install", "the installer stopped: no space"),
        (Habits(never_comes_up=True), "ready", "did not come up at 127.88.4.10"),
    ],
)
async def test_each_way_in_which_nothing_happens_has_its_message_and_is_mended_by_a_retry(
    room: Room, habits: Habits, step: str, text: str
) -> None:
    room.fake.habits = habits
    given = planned(room)
    carrier = await room.carrier(given)
    boot, install, ready = steps(given)
    broken = next(s for s in (boot, install, ready) if s.key.endswith(step))
    with pytest.raises((DeadlinePassed, DeviceError), match=text) as caught:
        await carrier.carry(boot, install, ready)
    assert caught.value.remedy
    assert carrier.acted[-1] == broken.key
    room.fake.habits = Habits()
    if step == "ready":
        await room.fake._listen()
    await carrier.carry(*_from(given, broken))
    assert keys.ready("esx-01") in carrier.results


def _from(given: PlanInput, broken: Step) -> tuple[Step, ...]:
    every = steps(given)
    return every[every.index(broken) :]


async def test_a_machine_whose_reports_were_lost_is_found_by_its_answer(room: Room) -> None:
    room.fake.habits = Habits(loses_reports=True)
    carrier = await installed(room, planned(room))
    assert carrier.results[keys.ready("esx-01")]["became"] == "hypervisor"


async def test_a_power_on_that_got_lost_is_ordered_again_without_waiting_for_a_boot(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_on = RedfishMachine.turn_on
    lost: list[str] = []

    async def lossy(machine: RedfishMachine, *, within_s: float) -> None:
        if not lost:
            lost.append("POST")
            raise OutcomeUnknown("the connection died; whether it acted is not known")
        await turn_on(machine, within_s=within_s)

    monkeypatch.setattr(RedfishMachine, "turn_on", lossy)
    given = planned(room, deadlines=DEADLINES | {"netboot": 60.0})
    carrier = await room.carrier(given)
    boot = next(step for step in steps(given) if step.key.endswith("/boot"))
    async with asyncio.timeout(20):
        with pytest.raises(OutcomeUnknown):
            await carrier.carry(boot)
        await carrier.carry(boot)
    assert lost


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"uuid": "00000000-0000-0000-0000-000000000009"}, "UUID"),
        ({"serial": "SN-F"}, "serial"),
        ({"macs": ("AA:00:00:00:00:07",) * 3}, "no NIC"),
        ({"disk_serial": "DISK-9"}, "disk DISK-1 is gone"),
        ({"disk": "somebody else's"}, "holds data"),
    ],
)
async def test_another_machine_or_foreign_data_is_never_touched(
    room: Room, change: dict[str, Any], text: str
) -> None:
    for name, value in change.items():
        setattr(room.fake, name, value)
    with pytest.raises(Refused, match=text):
        await installed(room, planned(room))
    assert room.fake.log == []


@pytest.mark.parametrize("role", ["esx-01", "vc-01"])
async def test_data_that_was_given_up_goes(room: Room, role: str) -> None:
    room.fake.disk = "given up"
    target = Target(name="E", segment="rack-1", may_wipe=True, hardware=hardware())
    await installed(room, planned(room, role, target=target))
    assert room.fake.disk == "installed"
    assert ("--overwritevmfs" in room.fake.kickstart) == (role == "esx-01")
    assert ("erase" in room.fake.log) == (role == "vc-01")


async def test_what_this_run_installed_itself_may_be_installed_again(room: Room) -> None:
    room.fake.habits = Habits(installer_error="disk+error")
    given = planned(room)
    carrier = await room.carrier(given)
    with pytest.raises(DeviceError):
        await carrier.carry(*steps(given))
    room.fake.disk, room.fake.habits = "half of ours", Habits()
    await carrier.carry(*steps(given)[1:])
    assert "--overwritevmfs" in room.fake.kickstart


async def test_a_runner_that_took_over_waits_for_a_machine_that_is_on_its_way(room: Room) -> None:
    given = planned(room)
    carrier = await room.carrier(given)
    room._boots[0].log.begin("esx-01@E")
    room.fake.boot = {
        "BootSourceOverrideEnabled": "Once",
        "HttpBootUri": f"{room._boots[0].url(room._boots[0].job('esx-01@E'))}/boot.ipxe",
    }
    room.fake.power = "On"
    room.fake.tasks.add(_later(room.fake))
    await carrier.carry(*steps(given))
    assert room.fake.log == ["installed"]


def _later(fake: FakeMachine) -> Any:
    import asyncio

    return asyncio.create_task(fake._start())


async def test_handlers_open_the_run_s_boot_service_by_themselves(room: Room) -> None:
    given = planned(room)
    bound = handlers(settings(room.folder, bmc=room._place), given)
    carrier = Carrier(bound)
    await carrier.carry(*steps(given))
    assert (room.folder / "state" / "boot" / "R-1.port").read_text().isdigit()
    boot = bound["provision.boot"]
    await boot._bench.boot.stop()  # type: ignore[attr-defined]  # a runner's process ends instead


def test_steps_join_where_the_other_rooms_expect_them() -> None:
    boot, install, ready = steps(plan())
    assert boot.needs == (keys.leased("E"),)
    assert (install.needs, ready.needs) == ((boot.key,), (install.key,))
    assert ready.key == keys.ready("esx-01")
    assert {step.machine for step in (boot, install, ready)} == {"E"}
    assert msgspec.json.decode(msgspec.json.encode(boot), type=Step) == boot
    off, _, restore = cleanup_steps(plan(), after=("cleanup/x/y",))
    assert off.optional_needs == ("cleanup/x/y",)
    assert restore.key == keys.cleaned("E")


def test_what_is_not_deployed_is_not_installed() -> None:
    given = plan("db-01")
    assert {step.object for step in steps(given)} == {"db-01"}


def test_a_role_that_cannot_be_installed_is_refused_at_planning() -> None:
    target = Target(name="E", segment="rack-1", hardware=None)
    with pytest.raises(DRConsoleError, match="never probed"):
        steps(plan(target=target))


async def test_a_machine_that_found_the_boot_service_gone_is_booted_again_once(room: Room) -> None:
    """The runner was restarted between its boot script and its kickstart; nothing was installed yet."""
    room.fake.habits = Habits(fetches_no_script=True)
    given = planned(room)
    carrier = await room.carrier(given)
    boot, install, ready = steps(given)
    await carrier.carry(boot)
    room.fake.habits = Habits()
    await carrier.carry(install, ready)
    assert room.fake.log.count("installed") == 1
    assert "E fetched no kickstart; it is booted again" in carrier.said
