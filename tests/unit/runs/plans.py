"""Runs frozen in a journal, over a site with nothing in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, HostRole, VmSelection
from drconsole.model.plan import Plan
from drconsole.model.site import GroupEntry, Provisioning, SitePlan
from drconsole.model.step import Mode, Step
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import DEADLINES, Endpoint, Settings, Site

SNAPSHOT = "sha256:" + "0" * 64
PIN = SNAPSHOT


def settings(folder: Path, *, address: str = "127.0.0.1:9", pin: str = PIN) -> Settings:
    """`address` and `pin` are the protected management server's."""
    endpoint = Endpoint(address=address, username="u", password="env:NOBODY", pin=pin)
    return Settings(
        sites={"pittsburgh": Site(name="pittsburgh", platform="vsphere", endpoint=endpoint)},
        path=str(folder / "drconsole.toml"),
        state_dir=str(folder),
        repository_url=f"sqlite:///{folder}/repository.db",
        journal_url=url(folder),
    )


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/journal.db"


def step(key: str, *needs: str, optional: tuple[str, ...] = (), **changes: object) -> Step:
    told: dict[str, object] = {
        "key": key,
        "stage": key.partition("/")[0],
        "handler": "world.effect",
        "needs": needs,
        "optional_needs": optional,
        "typical_s": 0.01,
    }
    return msgspec.convert(told | changes, Step)


def mapping(targets: Sequence[str]) -> HostMapping:
    hosts = tuple(HostRole(protected=f"host-{name}", name=f"esx-{name}", target=name) for name in targets)
    return HostMapping(site="pittsburgh", snapshot=SNAPSHOT, hosts=hosts)


def source(run: str, mode: Mode, targets: Sequence[str] = (), groups: Sequence[str] = ()) -> PlanInput:
    entries = tuple(
        GroupEntry(array="a1", group=group, volumes=("v1",), datastore=f"ds-{group}") for group in groups
    )
    return PlanInput(
        run=run,
        mode=mode,
        site=SitePlan(name="pittsburgh", groups=entries),
        provisioning=Provisioning(
            address="127.0.0.1", netmask="255.0.0.0", first="127.0.0.2", last="127.0.0.9"
        ),
        snapshot_id=SNAPSHOT,
        snapshot=Snapshot(site="pittsburgh", taken="2026-11-22T08:00:00Z", profile="recovery"),
        mapping=mapping(targets),
        selection=VmSelection(site="pittsburgh", snapshot=SNAPSHOT),
        verdicts=(),
        targets={},
        addresses={},
        deadlines=DEADLINES,
    )


async def frozen(
    journal: Journal,
    plan_steps: Sequence[Step],
    *,
    cleanup: Sequence[Step] = (),
    run: str = "R-1",
    mode: Mode = "drill",
    auto: bool = False,
    made: PlanInput | None = None,
) -> str:
    made = made or source(run, mode)
    plan = Plan(
        run=run,
        site="pittsburgh",
        mode=made.mode,
        snapshot=SNAPSHOT,
        mapping=made.mapping,
        selection=made.selection,
        steps=tuple(plan_steps),
    )

    def write(connection: Connection) -> None:
        runs.create(connection, plan, msgspec.json.encode(made), actor="op", auto_cleanup=auto)
        steps.add(connection, run, plan.steps, cleanup=False)
        steps.add(connection, run, cleanup, cleanup=True)

    await journal.write(write)
    return run
