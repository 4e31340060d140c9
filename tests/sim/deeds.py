"""What each step does to the world: it makes something so, undoes it, or only looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from drconsole.model.step import Step
from drconsole.planning import keys

_LOOKS = frozenset(
    {
        "provision.ready",
        "recovery.capture",
        "recovery.compare",
        "vsphere.barrier",
        "vsphere.heartbeat",
        "vsphere.plan-uplinks",
        "vsphere.prove-uplinks",
        "vsphere.read-guests",
        "vsphere.read-host",
    }
)
SERVER_STAGES = ("uplinks/", "import/", "guests/")
"""What stands on the recovered management server goes with its machine."""


def mark_of(key: str, machine: str) -> str:
    """Names what a step makes so: on another machine it is something else."""
    return f"{key}@{machine}" if machine else key


def tried_port(step: Step) -> str:
    """Names the trial that follows after others were rolled back: it is another one than the first."""
    refused = step.arguments.get("refused") if step.handler == "vsphere.try-uplinks" else None
    return f" on port {len(refused)}" if refused else ""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """A step's effect. `mark` names what is so afterwards, or what the undoing is called.

    `clears` says which marks of the run an undoing takes away. `machine` and `group` are what it acts
    on, "" where that is neither a target nor a replication group.
    """

    kind: Literal["make", "undo", "look"]
    mark: str
    machine: str = ""
    group: str = ""
    clears: Callable[[str, str], bool] | None = None


def deed_of(step: Step, management: str) -> Deed:
    """Returns what a step does; `management` is the target of the management server."""
    group = step.arguments["group"]["id"] if isinstance(step.arguments.get("group"), dict) else ""
    group = group if step.handler.startswith("replication.") else ""
    if step.handler in _LOOKS:
        return Deed(kind="look", mark=mark_of(step.key, step.machine), machine=step.machine)
    if step.stage == "cleanup":
        clears = _clears(step, management)
        return Deed(kind="undo", mark=step.key, machine=step.machine, group=group, clears=clears)
    mark = mark_of(step.key, step.machine) + tried_port(step)
    return Deed(kind="make", mark=mark, machine=step.machine, group=group)


def _clears(step: Step, management: str) -> Callable[[str, str], bool]:
    """Takes a mark and the machine that it lies on."""
    told = step.arguments
    if step.handler == "vsphere.power-off":
        return lambda mark, _: mark == keys.powered(told["id"])
    if step.handler == "vsphere.unregister":
        return lambda mark, _: mark.startswith(f"guests/{told['id']}/")
    if step.handler == "replication.unpresent":
        return lambda mark, _: mark == keys.presented(told["group"]["id"])
    if step.handler == "replication.test-stop":
        return lambda mark, _: mark == keys.halted(told["group"]["id"])
    if step.handler == "provision.wipe":
        server = step.machine == management
        return lambda mark, on: on == step.machine or (server and mark.startswith(SERVER_STAGES))
    return lambda mark, on: False
