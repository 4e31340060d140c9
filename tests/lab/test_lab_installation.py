"""A bare machine boots from the network and becomes what its scripts say, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import asyncssh
import pytest

from drconsole.lab.world import reach
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Management
from drconsole.lab.world.power import press
from drconsole.lab.world.world import World
from tests.lab.bare_world import (
    ROOT_HASH,
    BootFiles,
    bare_world,
    hypervisor_files,
    linux_files,
    management_files,
    order_netboot,
    wipe_files,
)


async def _boot(
    make: Callable[[Machine], BootFiles], target: str = "E", *, prepare: Callable[[World], None] | None = None
) -> tuple[World, Machine, BootFiles]:
    """Boots a target once from the network and waits an hour of its time."""
    clock = VirtualClock()
    boot = BootFiles({})
    world = bare_world(clock, boot)
    machine = world.machines[target]
    boot.files = make(machine).files
    if prepare:
        prepare(world)
    order_netboot(machine)
    press(machine, "On")
    await clock.advance(3600)
    return world, machine, boot


async def test_a_hypervisor_is_what_its_kickstart_says() -> None:
    world, machine, boot = await _boot(hypervisor_files)
    host = machine.system
    assert isinstance(host, Hypervisor)
    assert (host.hostname, host.version, host.root_hash) == ("esx-01", "8.0.3", ROOT_HASH)
    assert boot.reports == ["start", "end", "firstboot"]
    assert boot.headers[0]["X-Boot-Uuid"] == machine.hardware.uuid
    assert machine.boot.enabled == "Disabled", "the order was for one boot"
    effects = [entry.effect for entry in world.ledger.entries if entry.object == machine.path]
    assert effects[:4] == ["power-on", "netboot", "install-start", "install-end"]
    assert world.ledger.of("ready", machine.path)[0].detail["became"] == "hypervisor"
    await world.close()


async def test_a_hypervisor_answers_at_its_address_once_it_has_booted_from_disk() -> None:
    world, machine, _ = await _boot(hypervisor_files)
    assert machine.system is not None
    assert [listening.address for listening, _ in reach.live(world, machine.system)] == ["127.64.4.10"]
    await world.close()


async def test_the_first_linked_nic_boots() -> None:
    def files(machine: Machine) -> BootFiles:
        machine.world.set_link(machine, "vmnic0", link=False)
        return hypervisor_files(machine)

    world, machine, boot = await _boot(files)
    assert boot.headers[0]["X-Boot-Mac"] == machine.nic("vmnic1").mac
    assert isinstance(machine.system, Hypervisor)
    await world.close()


async def test_a_management_server_has_its_captured_interface_and_the_extra_one() -> None:
    world, machine, boot = await _boot(management_files)
    server = machine.system
    assert isinstance(server, Management)
    assert server.username == "administrator@vsphere.local"
    assert server.instance_uuid == "11111111-2222-3333-4444-555555555555"
    assert {i.address: i.vlan for i in server.interfaces} == {"10.10.0.5": 1010, "127.64.4.12": 0}
    assert {vlan for _, vlan in reach.live(world, server)} == {1010, 5}
    assert boot.reports == ["start", "end", "firstboot"]
    await world.close()


async def test_a_linux_server_holds_the_injected_keys() -> None:
    host_key, login = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    world, machine, boot = await _boot(lambda m: linux_files(m, host_key, login))
    server = machine.system
    assert isinstance(server, Linux)
    assert (server.hostname, server.version) == ("db-01", "9.4")
    shown = asyncssh.import_private_key(server.host_key)
    assert shown.get_fingerprint() == host_key.get_fingerprint()
    assert boot.reports == ["start", "end"]
    await world.close()


async def test_a_wipe_names_each_disk_and_leaves_them_empty() -> None:
    def fill(world: World) -> None:
        for disk in world.machines["E"].disks:
            disk.content = "somebody's data"

    world, machine, boot = await _boot(wipe_files, prepare=fill)
    assert [disk.content for disk in machine.disks] == ["", ""]
    assert boot.reports == ["start", *(f"wiped&serial={disk.serial}" for disk in machine.disks)]
    assert machine.phase == "halted"
    assert len(world.ledger.of("wipe")) == 2
    await world.close()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("firewall --disabled", "firewall"),
        ("rm -rf /", "rm"),
        ("esxcli network vswitch standard add", "esxcli"),
    ],
)
async def test_an_unknown_directive_fails_the_install(line: str, word: str) -> None:
    world, machine, boot = await _boot(lambda m: hypervisor_files(m, extra=line))
    assert machine.system is None
    assert machine.phase == "halted"
    assert word in machine.console[-1]
    assert boot.reports == []
    await world.close()


async def test_an_appliance_of_another_version_reports_its_error() -> None:
    world, machine, boot = await _boot(lambda m: management_files(m, version="7.0.3"))
    assert machine.system is None
    assert boot.reports[-1].startswith("error&message=answers.json")
    await world.close()


async def test_a_disk_with_data_is_not_overwritten_unasked() -> None:
    def files(machine: Machine) -> BootFiles:
        found = hypervisor_files(machine)
        found.files = {url: body.replace(b" --overwritevmfs", b"") for url, body in found.files.items()}
        return found

    def fill(world: World) -> None:
        world.machines["E"].disks[0].content = "somebody's data"

    world, machine, _ = await _boot(files, prepare=fill)
    assert machine.disks[0].content == "somebody's data"
    assert "not empty" in machine.console[-1]
    await world.close()


async def test_a_machine_that_never_netboots_fetches_nothing() -> None:
    world, machine, boot = await _boot(
        hypervisor_files, prepare=lambda world: _fault(world, "never-netboots", machine="E")
    )
    assert boot.asked == []
    assert machine.system is None
    await world.close()


async def test_an_install_that_fails_once_works_the_second_time() -> None:
    world, machine, boot = await _boot(
        hypervisor_files, prepare=lambda world: _fault(world, "install-fails", times=1, machine="E")
    )
    assert machine.system is None
    assert boot.reports == ["start"]
    order_netboot(machine)
    press(machine, "ForceRestart")
    assert isinstance(world.clock, VirtualClock)
    await world.clock.advance(3600)
    assert isinstance(machine.system, Hypervisor)
    await world.close()


async def test_a_machine_without_link_on_the_provisioning_vlan_boots_from_disk() -> None:
    def wrong_vlan(world: World) -> None:
        for nic in world.machines["E"].nics:
            nic.port.native = 99

    world, machine, boot = await _boot(hypervisor_files, prepare=wrong_vlan)
    assert boot.asked == []
    assert "No bootable device" in machine.console[-1]
    await world.close()


async def test_power_off_in_the_middle_of_an_install_ends_it() -> None:
    clock = VirtualClock()
    boot = BootFiles({})
    world = bare_world(clock, boot)
    machine = world.machines["E"]
    boot.files = hypervisor_files(machine).files
    order_netboot(machine)
    press(machine, "On")
    await clock.advance(200)
    assert machine.phase == "installing"
    press(machine, "ForceOff")
    await clock.advance(3600)
    assert (machine.power, machine.system) == ("Off", None)
    assert boot.reports == ["start"]
    await world.close()


def _fault(world: World, name: str, *, times: int | None = None, **where: str) -> None:
    world.start_fault(name, times=times, **where)
