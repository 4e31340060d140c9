"""Provisioning against a lab without a runner: what planning would decide, and who carries it out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole
from drconsole.model.target import Target
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.boot_service import open_boot
from drconsole.provisioning.handlers import handlers
from drconsole.provisioning.redfish import open_machine
from drconsole.settings.values import Settings
from tests.unit.devices.plans import plan, snapshot
from tests.unit.devices.work import Carrier


def mapping(roles: dict[str, str]) -> HostMapping:
    server = ManagementRole(protected="vc-01", target=roles["vc-01"]) if "vc-01" in roles else None
    return HostMapping(
        site="pittsburgh",
        snapshot="sha256:0",
        management_server=server,
        hosts=(
            HostRole(
                protected="host-21",
                name="esx-01",
                target=roles.get("esx-01", ""),
                deploy="esx-01" in roles,
            ),
        ),
        physical_servers=(
            PhysicalRole(protected="db-01", target=roles.get("db-01", ""), deploy="db-01" in roles),
        ),
    )


async def planned(config: Settings, run: str, roles: dict[str, str]) -> PlanInput:
    """What planning would decide after a probe of the targets; the small site on the lab's hardware."""
    assert config.provisioning is not None
    network = config.provisioning.network
    site = next(iter(config.sites.values()))
    first, *_ = site.networks
    found = snapshot()
    renamed = msgspec.structs.replace(found.networks[0], name=first.name)
    return plan(
        run=run,
        site=config.plan_of(site),
        provisioning=network,
        snapshot=msgspec.structs.replace(found, networks=(renamed,)),
        mapping=mapping(roles),
        targets={name: await probed(config, name) for name in roles.values()},
        addresses={role: _address(network.first, index) for index, role in enumerate(roles)},
        deadlines=config.deadlines,
    )


def _address(first: str, index: int) -> str:
    head, _, last = first.rpartition(".")
    return f"{head}.{int(last) + index}"


async def probed(config: Settings, name: str) -> Target:
    machine = open_machine(config.pool[name], config)
    try:
        hardware = await machine.probe()
    finally:
        await machine.close()
    return Target(
        name=name, segment=config.pool[name].segment, may_wipe=config.pool[name].may_wipe, hardware=hardware
    )


@asynccontextmanager
async def carrying(
    config: Settings, given: PlanInput, **hasty: float
) -> AsyncIterator[tuple[Carrier, Carrier]]:
    """Yields who carries the run's steps out, and one whose deadlines are the given seconds (`_` for `-`)."""
    boot = open_boot(config, given)
    await boot.start()
    short = {kind.replace("_", "-"): seconds for kind, seconds in hasty.items()}
    soon = msgspec.structs.replace(given, deadlines=given.deadlines | short)
    try:
        yield Carrier(handlers(config, given, boot)), Carrier(handlers(config, soon, boot))
    finally:
        await boot.stop()
