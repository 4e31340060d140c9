"""Answers about targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drconsole.api import requests
from drconsole.errors import DRConsoleError, NotConfirmed, UnknownName
from drconsole.journal import pool
from drconsole.model.target import Target, TargetHardware
from drconsole.recovery.verbs.release import release as release_target
from drconsole.service.caller import Caller
from drconsole.service.state import State
from drconsole.settings.values import PoolMachine, Settings

_AT_ONCE = 16


def targets(state: State) -> dict[str, Target]:
    """Returns the pool: places from the configuration, ties and probes from the journal."""
    leases = state.journal.read(pool.leases)
    seen = state.journal.read(pool.observations)
    return {
        name: _target(machine, leases.get(name), seen.get(name))
        for name, machine in sorted(state.settings.pool.items())
    }


def _target(machine: PoolMachine, lease: pool.Lease | None, seen: pool.Observation | None) -> Target:
    error = seen.error if seen else ""
    return Target(
        name=machine.name,
        segment=machine.segment,
        state=lease.state if lease else ("unreachable" if error else "free"),
        run=lease.run if lease else "",
        role=lease.role if lease else "",
        role_kind=lease.role_kind if lease else None,
        may_wipe=machine.may_wipe,
        hardware=seen.hardware if seen else None,
        checked=seen.checked if seen else "",
        error=error,
    )


async def list_targets(state: State, request: requests.ListTargets, caller: Caller) -> tuple[Target, ...]:
    """The pool by name."""
    return tuple(targets(state).values())


async def check(state: State, request: requests.CheckTargets, caller: Caller) -> tuple[Target, ...]:
    """Probes targets now."""
    names = request.names or tuple(sorted(state.settings.pool))
    unknown = [name for name in names if name not in state.settings.pool]
    if unknown:
        raise UnknownName("there is no such target", about=", ".join(unknown))
    await probe(state, names, caller.say)
    known = targets(state)
    return tuple(known[name] for name in names)


async def release(state: State, request: requests.ReleaseTarget, caller: Caller) -> Target:
    """Ends a target's tie to a real run, by hand and by name."""
    name = request.name
    if name not in state.settings.pool:
        raise UnknownName("there is no such target", about=name)
    if request.confirm != name:
        raise NotConfirmed(
            "what is released may be wiped by the next run", about=name, remedy=f"say --confirm {name}"
        )
    await probe(state, (name,), caller.say)
    target = targets(state)[name]
    await state.journal.write(lambda c: release_target(c, target, actor=caller.actor))
    return targets(state)[name]


async def probe(state: State, names: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Asks BMCs what they are, and remembers it in the journal; `say` hears of those that do not answer."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            hardware, error = await _probed(state.settings.pool[name], state.settings)
        if error:
            say(f"target {name}: {error}")
        await state.journal.write(lambda c: pool.observe(c, name, hardware=hardware, error=error))

    await asyncio.gather(*(one(name) for name in names))


async def _probed(machine: PoolMachine, settings: Settings) -> tuple[TargetHardware | None, str]:
    from drconsole.provisioning.redfish.machine import open_machine

    limit = settings.deadlines["bmc-probe"]
    try:
        device = open_machine(machine, settings)
        try:
            async with asyncio.timeout(limit):
                return await device.probe(), ""
        finally:
            await device.close()
    except TimeoutError:
        return None, f"BMC of {machine.name}: told not all of itself within {limit:g} s"
    except DRConsoleError as error:
        return None, str(error)


async def ensure_seen(state: State, caller: Caller) -> None:
    """Probes targets that nobody has looked at yet: a match needs to know what they are."""
    unseen = tuple(name for name, target in targets(state).items() if target.hardware is None)
    if unseen:
        caller.say(f"probing {len(unseen)} targets")
        await probe(state, unseen, caller.say)
