"""What a planned run takes along, what it leaves alone, and what it refuses to leave behind."""

from __future__ import annotations

from msgspec.structs import replace

from drconsole.model.plan import Verdict
from drconsole.planning import keys
from drconsole.planning.migration import kept_volumes, lying_on, migration_findings, moved
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.readiness import GroupHealth
from drconsole.platforms.vsphere.protected.order import off_before
from drconsole.platforms.vsphere.protected.steps import shut_down_steps
from drconsole.replication import steps as replication
from tests.unit.importer_plan import RECOVERABLE, planned


def running(*guests: str, chosen: tuple[str, ...] = RECOVERABLE) -> PlanInput:
    """A planned run of the small site in which these guests ran when it was captured."""
    made = planned(mode="planned", guests=chosen)
    machines = tuple(
        replace(guest, power="on" if guest.id in guests else "off")
        for guest in made.snapshot.virtual_machines
    )
    return replace(made, snapshot=replace(made.snapshot, virtual_machines=machines))


def blocking(plan: PlanInput, groups: tuple[GroupHealth, ...] = ()) -> list[str]:
    return [finding.subject for finding in migration_findings(plan, groups) if finding.blocks]


def test_every_selected_guest_is_shut_down_however_it_was_captured() -> None:
    plan = running("vm-2")
    chosen = {guest.id for guest in plan.snapshot.virtual_machines if guest.id in RECOVERABLE}
    templates = {guest.id for guest in plan.snapshot.virtual_machines if guest.template}
    assert {guest.id for guest in moved(plan.snapshot, plan.selection)} == chosen - templates


def test_a_running_guest_that_is_not_moved_blocks_by_name_and_an_idle_one_does_not() -> None:
    plan = running("vm-2", "vm-3", chosen=("vm-3", "vm-4"))
    names = {guest.id: guest.name for guest in plan.snapshot.virtual_machines}
    assert blocking(plan) == [names["vm-2"]]
    assert blocking(running("vm-3", chosen=("vm-3", "vm-4"))) == []


def test_what_is_never_registered_is_left_running_and_said() -> None:
    plan = running("vm-2", chosen=("vm-3",))
    agent = Verdict(id="vm-2", name="vm-2", verdict="no", reasons=("it is an agent",), registrable=False)
    found = list(migration_findings(replace(plan, verdicts=(agent,))))
    assert blocking(replace(plan, verdicts=(agent,))) == []
    assert any("left running: it is an agent" in finding.text for finding in found)


def test_a_group_that_was_halted_before_blocks() -> None:
    plan = running()
    group = plan.site.groups[0].id
    assert blocking(plan, (GroupHealth(id=group, state="halted"),)) == [group]
    assert blocking(plan, (GroupHealth(id=group, state="target"),)) == []


def test_only_a_planned_run_has_steps_at_the_protected_site() -> None:
    assert shut_down_steps(planned(mode="disaster")) == ()
    assert shut_down_steps(planned(mode="drill")) == ()
    made = shut_down_steps(running("vm-2"))
    assert made[0].key == keys.RUNNING
    assert {step.key for step in made[1:]} <= {keys.shut_down(guest) for guest in RECOVERABLE}
    assert all(step.asks for step in made[1:])


def test_the_last_writes_wait_for_the_guests_and_the_fence_for_the_halt() -> None:
    plan = running("vm-2")
    group = plan.site.groups[0].id
    made = {step.key: step for step in replication.steps(plan)}
    waited = {keys.shut_down(lying.guest) for lying in lying_on(plan, group)}
    assert waited
    assert set(made[keys.synced(group)].optional_needs) == waited
    assert keys.synced(group) in made[keys.halted(group)].needs
    assert made[keys.fenced(group)].needs == (keys.halted(group),)
    assert keys.fenced(group) not in {step.key for step in replication.steps(planned(mode="disaster"))}


def test_the_volume_of_the_management_server_is_not_fenced() -> None:
    plan = running()
    server = plan.snapshot.management_server
    assert server is not None
    own = next(guest for guest in plan.snapshot.virtual_machines if guest.id == server.guest)
    kept = {group.id: kept_volumes(plan, group.id) for group in plan.site.groups}
    names = {disk.path.partition("]")[0][1:] for disk in own.disks} | {own.vmx_path.partition("]")[0][1:]}
    wanted = {volume for entry in plan.site.groups if entry.datastore in names for volume in entry.volumes}
    assert {volume for volumes in kept.values() for volume in volumes} == wanted


def test_guests_that_serve_the_site_go_down_last() -> None:
    plan = running("vm-2", "vm-3", "vm-4", "vm-5")
    guests = moved(plan.snapshot, plan.selection)
    served = replace(plan.snapshot.hosts[0], ntp_servers=("time.example",))
    guests = tuple(replace(g, hostname="time.example" if g is guests[0] else "") for g in guests)
    others = {guest.id for guest in plan.snapshot.virtual_machines} - {guest.id for guest in guests}
    kept = tuple(guest for guest in plan.snapshot.virtual_machines if guest.id in others)
    site = replace(plan.snapshot, hosts=(served,), virtual_machines=(*kept, *guests), vapps=())
    before = off_before(site, guests)
    assert set(before[guests[0].id]) == {guest.id for guest in guests[1:]}
    assert all(not before[guest.id] for guest in guests[1:])
