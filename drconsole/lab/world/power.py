"""Power verbs of a machine and what follows: POST, network boot or disk, a system that answers."""

from __future__ import annotations

from typing import Literal

from drconsole.lab.world import install
from drconsole.lab.world.bootscript import InstallFailed
from drconsole.lab.world.machine import BootOverride, Machine, Phase

Verb = Literal["On", "ForceOff", "GracefulShutdown", "ForceRestart", "GracefulRestart", "ForceOn"]
VERBS: tuple[Verb, ...] = ("On", "ForceOff", "GracefulShutdown", "ForceRestart", "GracefulRestart", "ForceOn")


class PowerBusy(Exception):
    """The machine is between two power states and takes no verb now."""


def press(machine: Machine, verb: Verb) -> None:
    """Begins a power verb; the machine goes on by itself. One that changes nothing does nothing.

    Raises PowerBusy during a transition.
    """
    if machine.power in {"PoweringOn", "PoweringOff"}:
        raise PowerBusy(f"{machine.name} is {machine.power}")
    if verb in {"On", "ForceOn"}:
        if machine.power == "Off":
            _go(machine, _switch_on(machine))
    elif machine.power == "On":
        _go(machine, _down(machine, graceful=verb.startswith("Graceful"), again=verb.endswith("Restart")))
    elif verb.endswith("Restart"):
        _go(machine, _switch_on(machine))


def cut(machine: Machine) -> None:
    """Takes the mains away at once: no transition, nobody asked."""
    if machine.activity is not None:
        machine.activity.cancel()
    _dark(machine)


def start_running(machine: Machine) -> None:
    """Puts a machine with a system straight into service, for a world that is built as running."""
    machine.power, machine.phase = "On", "running"


def _go(machine: Machine, work: install.Work) -> None:
    if machine.activity is not None:
        machine.activity.cancel()
    machine.activity = machine.world.spawn(work)


async def _down(machine: Machine, *, graceful: bool, again: bool) -> None:
    world = machine.world
    if graceful and machine.running:
        await world.take("machine.graceful-shutdown")
    machine.power = "PoweringOff"
    _stop(machine)
    world.changed_on(machine)
    await world.take("machine.power-off")
    _dark(machine)
    if again:
        await _switch_on(machine)


async def _switch_on(machine: Machine) -> None:
    world = machine.world
    machine.power = "PoweringOn"
    await world.take("machine.power-on")
    machine.power = "On"
    world.ledger.write(f"bmc/{machine.name}", "power-on", machine.path)
    try:
        await _boot(machine)
    except InstallFailed as failed:
        machine.show(str(failed))
        machine.phase = "halted"


async def _boot(machine: Machine) -> None:
    """POST and boot, again and again while what was booted ends with a restart."""
    while True:
        _enter(machine, "post")
        await machine.world.take("machine.post")
        override = _consumed(machine)
        if override.target == "UefiHttp" and override.uri:
            _enter(machine, "netboot")
            outcome = await install.netboot(machine, override.uri)
            if outcome == "restart":
                continue
            if outcome == "halt":
                _enter(machine, "halted")
                return
        await _boot_disk(machine)
        return


async def _boot_disk(machine: Machine) -> None:
    _enter(machine, "booting")
    if machine.system is None:
        machine.show("No bootable device")
        _enter(machine, "halted")
        return
    await machine.world.take("machine.disk-boot")
    _enter(machine, "running")
    machine.system.booted()
    await install.first_boot(machine)
    machine.world.changed_on(machine)


def _consumed(machine: Machine) -> BootOverride:
    override = machine.boot
    if override.enabled == "Disabled":
        return BootOverride(mode=override.mode)
    if override.enabled == "Once":
        machine.boot = BootOverride(mode=override.mode)
    return override


def _enter(machine: Machine, phase: Phase) -> None:
    machine.phase = phase


def _stop(machine: Machine) -> None:
    if machine.running and machine.system is not None:
        machine.system.powered_off()
    machine.phase = "off"


def _dark(machine: Machine) -> None:
    _stop(machine)
    if machine.power != "Off":
        machine.power = "Off"
        machine.world.ledger.write(f"bmc/{machine.name}", "power-off", machine.path)
    machine.world.changed_on(machine)
