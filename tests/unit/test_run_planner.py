"""What composing a run decides: who may begin, and what a drill may never stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole.errors import Refused
from drconsole.model.site import Provisioning
from drconsole.model.step import Mode
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.readiness import GroupHealth, World
from drconsole.recovery import planner
from drconsole.recovery.report import objectives_of
from drconsole.settings.values import ProvisioningSettings, Settings
from tests.unit.planning_site import ID, mapped, small_plan, small_site, target
from tests.unit.runs.plans import settings, step
from tests.unit.runs.world import World as Files
from tests.unit.runs.world import WorldRoom

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
POOL = (
    target("D", memory_gib=32, threads=8),
    *(target(f"T{n}") for n in range(4)),
    target("S", memory_gib=96, threads=24),
)
HEALTHY = (GroupHealth(id="a1/g1", state="target"), GroupHealth(id="a2/g1", state="target"))
NETWORK = Provisioning(
    address="172.16.0.1",
    netmask="255.255.255.0",
    first="172.16.0.10",
    last="172.16.0.99",
    segments=tuple({each.segment for each in POOL}),
)

READ = "guests/block-1/read"
ROOM = (
    step(keys.halted("a1/g1"), keys.PREFLIGHT),
    step(keys.halted("a2/g1"), keys.PREFLIGHT),
    step(keys.ready("vc-01"), keys.leased("D")),
    step(keys.BARRIER, keys.ready("vc-01")),
    step(READ, keys.BARRIER),
    step(keys.registered("vm-2"), READ),
)


def configured(folder: Path, *, address: str = "10.0.0.5:443", **networks: Any) -> Settings:
    """The small site's configuration; `others` are another site's networks."""
    made = settings(folder, address=address)
    plan = small_plan()
    site = msgspec.structs.replace(
        made.sites["pittsburgh"],
        networks=plan.networks,
        groups=plan.groups,
        physical_servers=plan.physical_servers,
    )
    other = msgspec.structs.replace(site, name="leeds", networks=networks.get("others", ()))
    return msgspec.structs.replace(
        made,
        sites={"pittsburgh": site, "leeds": other},
        arrays={},
        provisioning=ProvisioningSettings(network=NETWORK, password="env:X"),
    )


def composed(
    folder: Path,
    mode: Mode = "drill",
    *,
    pool: Sequence[Target] = POOL,
    rto_s: float | None = None,
    rpo_s: float | None = None,
    **change: Any,
) -> planner.Composed:
    request = planner.Request(
        run="R-1",
        site="pittsburgh",
        mode=mode,
        snapshot_id=ID,
        snapshot=small_site(),
        targets={each.name: each for each in pool},
        world=World(now=NOW, groups=HEALTHY),
        rto_s=rto_s,
        rpo_s=rpo_s,
    )
    room = WorldRoom(Files(folder / "world"), does=ROOM)
    return planner.compose(configured(folder, **change), request, [room])


def blocking(made: planner.Composed) -> list[str]:
    return [f"{finding.subject}: {finding.text}" for finding in made.report.findings if finding.blocks]


def test_a_site_whose_drill_is_isolated_may_begin(tmp_path: Path) -> None:
    made = composed(tmp_path)
    assert made.report.ready, blocking(made)
    steps = {each.key: each for each in made.plan.steps}
    assert keys.GUESTS_GATE in steps[READ].needs
    assert keys.GUESTS_GATE not in steps[keys.registered("vm-2")].needs
    assert keys.BARRIER in steps[keys.GUESTS_GATE].needs
    assert {f"cleanup/{name}/free" for name in ("D", "S")} <= {each.key for each in made.cleanup}


@pytest.mark.parametrize(("mode", "probes"), [("drill", 0), ("disaster", 1)])
def test_only_a_disaster_probes_the_protected_side_and_freezes_nothing_before(
    tmp_path: Path, mode: Mode, probes: int
) -> None:
    steps = {each.key: each for each in composed(tmp_path, mode).plan.steps}
    assert sum(each.handler == "recovery.probe" for each in steps.values()) == probes
    assert (keys.PROBED in steps[keys.PREFLIGHT].needs) == bool(probes)
    claimed = {key for key, each in steps.items() if each.handler == "recovery.claim"}
    assert len(claimed) == 2
    assert claimed <= set(steps[keys.PREFLIGHT].needs)


def test_a_drill_that_could_reach_the_protected_management_server_is_refused(tmp_path: Path) -> None:
    made = composed(tmp_path, address="172.16.0.200:443")
    told = "172.16.0.200:443: its address 172.16.0.200 is on the provisioning network: a drill could reach it"
    assert blocking(made) == [told]
    with pytest.raises(Refused, match="a drill could reach it"):
        planner.refuse_unready(made.report)
    assert composed(tmp_path, "disaster", address="172.16.0.200:443").report.ready
    assert composed(tmp_path, address="vc-01.example:443").report.ready


def test_a_drill_on_another_site_s_real_vlan_is_refused(tmp_path: Path) -> None:
    made = composed(tmp_path, others=(mapped("shop", 1020),))
    assert blocking(made) == ["vMotion: its drill VLAN 1020 is the real one of shop of site leeds"]
    assert composed(tmp_path, "disaster", others=(mapped("shop", 1020),)).report.ready


def test_one_machine_under_two_names_is_refused(tmp_path: Path) -> None:
    """Leases are by name: two runs could have the machine at once."""
    first, *rest = POOL
    assert first.hardware is not None
    uuid = "4c4c4544-0051-3910-8052-b4c04f4a3332"
    first = msgspec.structs.replace(first, hardware=msgspec.structs.replace(first.hardware, uuid=uuid))
    double = msgspec.structs.replace(first, name="D-again", state="leased", run="R-other")
    made = composed(tmp_path, pool=(first, double, *rest))
    assert blocking(made) == [f"targets D and D-again: are one machine, {uuid}"]


def test_a_runs_own_objectives_stand_over_the_sites(tmp_path: Path) -> None:
    plain = composed(tmp_path).source.site
    made = composed(tmp_path, rto_s=14400.0).source
    assert made.site.rto_s == 14400.0
    assert made.site.rpo_s == plain.rpo_s
    assert objectives_of(msgspec.json.encode(made)).rto_s == 14400.0
    own = composed(tmp_path, rpo_s=60.0).report
    aged = [finding.text for finding in own.findings if "the objective is" in finding.text]
    assert aged, [finding.text for finding in own.findings]
