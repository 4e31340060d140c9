"""Fidelity: what came back is compared value by value, and every excuse is for one property."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from drconsole.model.inventory import COLLECTIONS, Element, Snapshot
from drconsole.model.run import Fidelity
from drconsole.model.site import NetworkMapping, NetworkPlace
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.closure import closure_of
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.restrict import subset
from drconsole.planning.selection import select
from drconsole.planning.verdicts import judge
from drconsole.recovery.fidelity import RULES, compare
from tests.unit.planning_site import ID, mapping, small_plan, small_site
from tests.unit.runs.plans import source

_NOT_COMPARED = {"storage_arrays", "volumes", "physical_servers"}
_SKIPPED = {"id", "extensions", "parent", "folder", "resource_pool", "switch"}
"""Identity, and what says where an object hangs: those have a case of their own."""


@pytest.fixture
def plan() -> PlanInput:
    snapshot, place = small_site(), small_plan()
    verdicts = judge(snapshot, place)
    return msgspec.structs.replace(
        source("R-1", "drill"),
        snapshot=snapshot,
        site=place,
        verdicts=verdicts,
        mapping=mapping(),
        selection=select(snapshot, ID, verdicts),
    )


def recovered(plan: PlanInput) -> Snapshot:
    """The same values under other ids, as another server would give them."""
    text = msgspec.json.encode(subset(plan.snapshot, closure_of(plan))).decode()
    configured = {"storageArray", "volume", "physicalServer"}
    own = [item.id for item in plan.snapshot.objects() if item.kind not in configured]
    for number, name in enumerate(sorted(own, key=len, reverse=True)):
        text = text.replace(f'"{name}"', f'"new-{number}"')
    return msgspec.json.decode(text, type=Snapshot)


def scalars(value: Element, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for field in type(value).__struct_fields__:
        if field in _SKIPPED:
            continue
        content = getattr(value, field)
        if isinstance(content, Element):
            yield from scalars(content, (*at, field))
        elif isinstance(content, tuple) and content and isinstance(content[0], Element):
            for index, part in enumerate(content):
                yield from scalars(part, (*at, field, index))
        elif content not in (None, "", ()):
            yield (*at, field)


def places(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for name in COLLECTIONS.keys() - _NOT_COMPARED:
        for index, item in enumerate(getattr(snapshot, name)):
            found.extend(scalars(item, (name, index)))
    return sorted(found, key=str)


def changed(value: Any, at: tuple[Any, ...]) -> Any:
    head, rest = at[0], at[1:]
    if isinstance(value, tuple):
        inner = changed(value[head], rest) if rest else other(value[head])
        return (*value[:head], inner, *value[head + 1 :])
    content = getattr(value, head)
    return msgspec.structs.replace(value, **{head: changed(content, rest) if rest else other(content)})


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return (*value, "intruder")
    return f"{value}-x"


def test_what_came_back_whole_has_no_difference(plan: PlanInput) -> None:
    fidelity = compare(plan, recovered(plan), {})
    assert fidelity.differences == ()
    assert fidelity.matched == fidelity.total > 200


def test_each_of_many_single_corruptions_is_found(plan: PlanInput) -> None:
    whole = recovered(plan)
    every = places(whole)
    for place in random.Random(5).sample(every, min(300, len(every))):
        fidelity = compare(plan, changed(whole, place), {})
        assert fidelity.differences, f"{place} was not found"
        assert fidelity.matched < fidelity.total or not fidelity.differences[0].captured


def test_a_lost_guest_loses_every_value_and_no_rule_excuses_it(plan: PlanInput) -> None:
    whole = recovered(plan)
    fidelity = compare(plan, msgspec.structs.replace(whole, virtual_machines=whole.virtual_machines[1:]), {})
    assert len(fidelity.differences) > 5
    assert {difference.klass for difference in fidelity.differences} == {"lost"}


def test_a_rule_names_one_leaf_property_and_gives_its_reason() -> None:
    known = {f"{kind.kind}.{leaf}" for kind in COLLECTIONS.values() for leaf in properties(kind)}
    known |= {f"managementServer.{leaf}" for leaf in properties(management())}
    for rule in RULES:
        assert rule.name in known, f"{rule.name} is no leaf property"
        assert len(rule.reason) > 10
    assert len({rule.name for rule in RULES}) == len(RULES)


def management() -> type[Element]:
    from drconsole.model.inventory import ManagementServer

    return ManagementServer


def properties(kind: type[Element], at: str = "") -> Iterator[str]:
    """Every leaf property of a kind, by the model alone."""
    for field in msgspec.structs.fields(kind):
        name = f"{at}.{field.encode_name}" if at else field.encode_name
        inner = [part for part in _types(field.type) if isinstance(part, type) and issubclass(part, Element)]
        if inner:
            yield from properties(inner[0], name)
        else:
            yield name


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)


def with_vlan(plan: PlanInput, vlan: int) -> PlanInput:
    place = NetworkMapping(name="Management Network", drill=NetworkPlace(vlan=vlan))
    return msgspec.structs.replace(plan, site=msgspec.structs.replace(plan.site, networks=(place,)))


@pytest.mark.parametrize(("vlan", "klass"), [(1010, "had-to-be"), (11, "lost")])
def test_a_vlan_is_excused_only_where_it_is_the_mapped_one(plan: PlanInput, vlan: int, klass: str) -> None:
    mapped = with_vlan(plan, 1010)
    whole = recovered(plan)
    host = whole.hosts[0]
    groups = tuple(
        msgspec.structs.replace(g, vlan=vlan) if g.name == "Management Network" else g
        for g in host.port_groups
    )
    hosts = (msgspec.structs.replace(host, port_groups=groups), *whole.hosts[1:])
    fidelity = compare(mapped, msgspec.structs.replace(whole, hosts=hosts), {})
    assert [difference.klass for difference in fidelity.differences] == [klass]


@pytest.mark.parametrize(("nic", "klass"), [("vmnic5", "repaired"), ("vmnic7", "lost")])
def test_uplinks_are_repaired_only_as_they_were_proven(plan: PlanInput, nic: str, klass: str) -> None:
    whole = recovered(plan)
    host = whole.hosts[0]
    uplinks: dict[str, Facts] = {keys.proved(host.name): {"nics": {"vmnic2": "vmnic5"}}}
    switches = tuple(
        msgspec.structs.replace(s, nics=(nic,)) if s.name == "vSwitch0" else s for s in host.virtual_switches
    )
    hosts = (msgspec.structs.replace(host, virtual_switches=switches), *whole.hosts[1:])
    fidelity = compare(plan, msgspec.structs.replace(whole, hosts=hosts), uplinks)
    assert [difference.klass for difference in fidelity.differences] == [klass]
    assert sum(fidelity.excused.values()) == (1 if klass == "repaired" else 0)


def test_what_stands_unasked_in_the_recovered_site_is_told(plan: PlanInput) -> None:
    """Somebody's guest, registered by hand; an installer's datastore on a local disk is no loss."""
    whole = recovered(plan)
    guest = msgspec.structs.replace(whole.virtual_machines[0], id="new-guest", name="not-ours")
    local = msgspec.structs.replace(whole.datastores[0], id="new-local", name="datastore1", local=True)
    more = msgspec.structs.replace(
        whole,
        virtual_machines=(*whole.virtual_machines, guest),
        datastores=(*whole.datastores, local),
    )
    before, after = compare(plan, whole, {}), compare(plan, more, {})
    extra = [d for d in after.differences if d not in before.differences]
    assert [(d.path.partition("[")[0], d.recovered, d.klass) for d in extra] == [
        ("datastore", "datastore1", "had-to-be"),
        ("virtualMachine", "not-ours", "lost"),
    ]
    assert (after.matched, after.total) == (before.matched, before.total)


def classes(fidelity: Fidelity) -> set[tuple[str, str]]:
    return {(d.path.partition("]")[2].removeprefix("."), d.klass) for d in fidelity.differences}


def test_a_power_on_that_was_given_up_excuses_the_power_and_nothing_else(plan: PlanInput) -> None:
    whole = recovered(plan)
    off, *others = whole.virtual_machines
    ids = {guest.name: guest.id for guest in plan.snapshot.virtual_machines}
    off = msgspec.structs.replace(off, power="suspended", memory_mib=off.memory_mib + 1)
    back = msgspec.structs.replace(whole, virtual_machines=(off, *others))
    assert classes(compare(plan, back, {})) == {("power", "lost"), ("memoryMib", "lost")}
    told = compare(plan, back, {}, {keys.powered(ids[off.name]): "its licence has run out"})
    assert classes(told) == {("power", "given-up"), ("memoryMib", "lost")}
    assert told.excused == {f"giving up {keys.powered(ids[off.name])}": 1}
    assert "given up: its licence has run out" in {d.reason for d in told.differences}
    other = {keys.powered(ids[others[0].name]): "another one"}
    assert classes(compare(plan, back, {}, other)) == {("power", "lost"), ("memoryMib", "lost")}


def test_a_physical_server_that_was_given_up_is_told_as_that(plan: PlanInput) -> None:
    server = plan.snapshot.physical_servers[0]
    back = msgspec.structs.replace(recovered(plan), physical_servers=())
    lost = compare(plan, back, {})
    assert {d.klass for d in lost.differences} == {"lost"}
    told = compare(plan, back, {}, {keys.ready(server.name): "needs the install step"})
    assert {d.klass for d in told.differences} == {"given-up"}
    assert (told.matched, told.total) == (lost.matched, lost.total)
    assert told.excused == {f"giving up {keys.ready(server.name)}": len(told.differences)}


def test_a_guest_that_stands_there_though_its_registration_was_given_up_is_told_as_that(
    plan: PlanInput,
) -> None:
    """Such as one whose answer was lost, before an operator skipped the step."""
    back = recovered(plan)
    standing = back.virtual_machines[0].name
    guest = next(guest for guest in plan.snapshot.virtual_machines if guest.name == standing)
    flags = (
        msgspec.structs.replace(flag, deploy=flag.deploy and flag.id != guest.id)
        for flag in plan.selection.virtual_machines
    )
    less = msgspec.structs.replace(
        plan, selection=msgspec.structs.replace(plan.selection, virtual_machines=tuple(flags))
    )
    without, given_up = compare(less, back, {}), {keys.registered(guest.id): "cannot be read"}
    (before,) = (d for d in without.differences if d.recovered == guest.name)
    (after,) = (d for d in compare(less, back, {}, given_up).differences if d.recovered == guest.name)
    assert (before.klass, after.klass) == ("lost", "given-up")


def test_a_host_that_was_given_up_is_no_member_of_anything(plan: PlanInput) -> None:
    whole = recovered(plan)
    gone = whole.hosts[0]
    back = msgspec.structs.replace(
        whole,
        hosts=whole.hosts[1:],
        networks=tuple(
            msgspec.structs.replace(n, hosts=tuple(h for h in n.hosts if h != gone.id))
            for n in whole.networks
        ),
        distributed_switches=tuple(
            msgspec.structs.replace(s, members=tuple(m for m in s.members if m.host != gone.id))
            for s in whole.distributed_switches
        ),
    )
    told = compare(plan, back, {}, {keys.host_added(gone.name): "its board is dead"})
    excused = {d.path.partition("[")[0] for d in told.differences if d.klass == "given-up"}
    assert {"host", "network", "distributedSwitch"} <= excused
    lost = {d.path.partition("[")[0] for d in told.differences if d.klass == "lost"}
    assert not lost & {"host", "network", "distributedSwitch"}
