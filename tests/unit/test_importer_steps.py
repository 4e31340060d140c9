"""The steps of a rebuild: who creates what, who waits for whom, and nothing beyond the closure."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from drconsole.errors import Refused, UnknownName
from drconsole.model.inventory import (
    Folder,
    Host,
    ResourcePool,
    Snapshot,
    StorageAdapter,
    VApp,
    VAppEntity,
    VirtualNic,
)
from drconsole.model.step import Step
from drconsole.planning import keys
from drconsole.planning.closure import closure_of
from tests.unit.importer_plan import derived, planned, site

HOSTILE = 'a/b %2f "c" [d]\n\x1b[31m\u202e'


def of(steps: dict[str, Step], handler: str) -> list[Step]:
    return [step for step in steps.values() if step.handler == f"vsphere.{handler}"]


def before(steps: dict[str, Step], key: str) -> set[str]:
    """Everything that a step waits for, at any distance."""
    found: set[str] = set()
    pending = [key]
    while pending:
        step = steps.get(pending.pop())
        for need in (*step.needs, *step.optional_needs) if step else ():
            if need not in found:
                found.add(need)
                pending.append(need)
    return found


def captured_ids(value: Any) -> set[str]:
    """Every text in a step's arguments, to be held against the ids of the snapshot."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set().union(*map(captured_ids, value.keys()), *map(captured_ids, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(captured_ids, value))
    return set()


def test_what_a_step_refers_to_is_made_by_a_step_that_it_needs() -> None:
    steps = derived(planned())
    places = [(step, place) for step in steps.values() for place in step.arguments["at"].values()]
    assert len(places) > 60
    for step, (maker, _captured) in places:
        assert maker in step.needs
        assert maker in steps


def test_the_import_waits_for_the_barrier_and_the_barrier_for_every_host() -> None:
    steps = derived(planned())
    barrier = before(steps, keys.BARRIER)
    for host in site().hosts:
        assert {keys.ready(host.name), keys.proved(host.name)} <= barrier
    imports = [step.key for step in steps.values() if step.stage in ("import", "guests")]
    assert imports
    assert all(keys.BARRIER in before(steps, key) for key in imports)


def test_the_order_of_the_seed_holds() -> None:
    steps = derived(planned())
    register = before(steps, keys.registered("vm-5"))
    assert keys.datastore_mounted("block-1") in register
    assert keys.datastore_mounted("nfs-1") in register
    assert keys.host_added("esx-04") in before(steps, keys.datastore_mounted("block-1"))
    assert keys.presented("a1/g1") in before(steps, keys.datastore_mounted("block-1"))
    assert "import/two/create-cluster" in before(steps, keys.host_added("esx-04"))
    assert keys.powered("vm-5") in before(steps, "guests/one/settings")


def test_management_is_planned_tried_moved_and_proved_before_anything_else() -> None:
    steps = derived(planned())
    chain = before(steps, keys.proved("esx-01"))
    assert {f"uplinks/esx-01/{verb}" for verb in ("read", "plan", "try", "apply")} < chain
    assert keys.MANAGEMENT_DATACENTERS in chain
    assert keys.BARRIER not in chain


def test_every_host_is_rescanned_once_however_many_volumes_it_gets() -> None:
    assert len(of(derived(planned()), "rescan")) == 4


def test_a_host_with_iscsi_looks_for_volumes_after_its_interfaces() -> None:
    adapter = StorageAdapter(name="vmhba64", type="iscsi", iqn="iqn.1998-01.com.vmware:a")
    snapshot = _with_host(site(), storage_adapters=(adapter,))
    steps = derived(planned(snapshot))
    assert "import/esx-01/vmkernel" in steps["import/esx-01/rescan"].needs
    assert "import/esx-02/vmkernel" not in steps["import/esx-02/rescan"].needs


def test_names_that_two_objects_share_make_two_keys() -> None:
    twins = (
        Folder(id="f-x1", name="same", type="vm", parent="f-web"),
        Folder(id="f-x2", name="same", type="vm", parent="f-inner"),
        Folder(id="f-x3", name="same@f-x1", type="vm", parent="f-vm"),
    )
    snapshot = site()
    steps = derived(planned(replace(snapshot, folders=(*snapshot.folders, *twins))))
    assert {step.arguments["id"] for step in of(steps, "folder")} >= {"f-x1", "f-x2", "f-x3"}


def test_hostile_names_make_keys_of_three_parts_and_keep_their_spelling() -> None:
    snapshot = site()
    switch = replace(snapshot.distributed_switches[0], name=HOSTILE)
    folders = tuple(replace(f, name=HOSTILE) if f.id == "f-web" else f for f in snapshot.folders)
    pools = tuple(replace(p, name=HOSTILE) if p.id == "rp-gold" else p for p in snapshot.resource_pools)
    hostile = replace(snapshot, distributed_switches=(switch,), folders=folders, resource_pools=pools)
    steps = derived(planned(hostile))
    assert all(key.count("/") == 2 for key in steps)
    assert all(character.isprintable() for key in steps for character in key)
    assert [s.arguments["name"] for s in of(steps, "folder") if s.arguments["id"] == "f-web"] == [HOSTILE]


def test_a_partial_recovery_names_nothing_outside_its_closure() -> None:
    plan = planned(hosts=("host-1",), guests=("vm-2",))
    steps = derived(plan)
    taken = closure_of(plan).all
    beyond = {item.id for item in plan.snapshot.objects()} - taken
    assert {"host-2", "host-3", "c-2", "vm-3", "vm-4", "ds-2", "dvpg-2", "f-empty", "rp-unused"} <= beyond
    for step in steps.values():
        named = captured_ids({k: v for k, v in step.arguments.items() if k not in ("guests", "layout")})
        assert not named & beyond, step.key
    assert [s.arguments["name"] for s in of(steps, "add-host")] == ["esx-01"]
    assert [s.arguments["id"] for s in of(steps, "register")] == ["vm-2"]


def test_a_guest_on_another_clusters_host_gets_that_hosts_root_pool() -> None:
    steps = derived(planned(hosts=("host-3",), guests=("vm-2", "vm-4")))
    assert steps[keys.registered("vm-2")].arguments["at"]["pool"][1] == "rp-2"
    assert steps[keys.registered("vm-2")].arguments["at"]["host"][1] == "host-3"


def test_a_guest_keeps_its_nested_pool_on_its_own_cluster() -> None:
    steps = derived(planned())
    assert steps[keys.registered("vm-2")].arguments["at"]["pool"][1] == "rp-inner"
    assert steps["import/inner/create-pool"].arguments["at"]["parent"][1] == "rp-gold"


def test_a_template_without_a_pool_is_registered_in_the_root_pool_and_never_started() -> None:
    snapshot = _with_guest(site(), "vm-3", template=True, resource_pool="", power="on")
    steps = derived(planned(snapshot))
    assert steps[keys.registered("vm-3")].arguments["at"]["pool"][1] == "rp-1"
    assert steps["guests/vm-3/connect"].arguments["template"] is True
    assert keys.powered("vm-3") not in steps


def test_a_guest_that_was_off_stays_off() -> None:
    steps = derived(planned(_with_guest(site(), "vm-3", power="off")))
    assert keys.powered("vm-3") not in steps
    assert keys.powered("vm-2") in steps


def test_only_a_guest_with_tools_is_asked_for_a_heartbeat() -> None:
    steps = derived(planned(_with_guest(site(), "vm-3", hostname="web.example")))
    assert "guests/vm-3/heartbeat" in steps
    assert "guests/vm-2/heartbeat" not in steps


@pytest.mark.parametrize(("mode", "vlan"), [("drill", 1010), ("disaster", 10)])
def test_vlans_are_those_of_the_mode(mode: Any, vlan: int) -> None:
    steps = derived(planned(mode=mode))
    assert steps["uplinks/esx-01/try"].arguments["vlan"] == vlan
    assert steps["import/esx-01/port-groups"].arguments["vlans"]["Management Network"] == vlan
    assert steps["import/prod/create-port-group"].arguments["vlan"] == 90 + vlan
    assert steps[keys.datastore_mounted("block-1")].arguments["drill"] is (mode == "drill")


def test_guests_are_connected_in_a_drill_to_mapped_networks_only() -> None:
    plan = planned()
    unmapped = replace(plan.site, networks=tuple(n for n in plan.site.networks if n.name != "prod"))
    drill = derived(replace(plan, site=unmapped))
    real = derived(replace(plan, site=unmapped, mode="disaster"))
    assert "group:dvpg-1" not in drill["guests/vm-2/connect"].arguments["at"]
    assert "group:dvpg-1" in real["guests/vm-2/connect"].arguments["at"]


def test_a_standalone_host_brings_its_root_pool() -> None:
    snapshot = site()
    alone = replace(snapshot.hosts[3], parent="f-host")
    pools = (*snapshot.resource_pools, ResourcePool(id="rp-alone", name="Resources", parent=alone.id))
    guests = tuple(
        replace(g, resource_pool="rp-alone") if g.host == alone.id else g for g in snapshot.virtual_machines
    )
    steps = derived(
        planned(
            replace(
                snapshot, hosts=(*snapshot.hosts[:3], alone), resource_pools=pools, virtual_machines=guests
            )
        )
    )
    joined = steps[keys.host_added("esx-04")].arguments
    assert (joined["standalone"], joined["root_pool"]) == (True, "rp-alone")
    pool = steps[keys.registered("vm-5")].arguments["at"]["pool"]
    assert list(pool) == [keys.host_added("esx-04"), "rp-alone"]


def test_the_uplink_group_comes_with_its_switch_and_the_others_after_it() -> None:
    steps = derived(planned())
    switch = steps["import/dvs-prod/create-switch"]
    assert switch.arguments["uplink_groups"] == {"dvpg-up": "up"}
    assert {s.arguments["group"]["name"] for s in of(steps, "distributed-port-group")} == {"prod", "test"}


def test_members_of_a_distributed_switch_join_one_after_the_other() -> None:
    joins = of(derived(planned()), "join-switch")
    assert len(joins) == 4
    assert all("switch:dvs-1" in step.resources for step in joins)


def test_a_host_that_nothing_could_reach_is_refused_by_name() -> None:
    snapshot = _with_host(site(), virtual_nics=(VirtualNic(name="vmk0", port_group="Management Network"),))
    with pytest.raises(Refused, match="esx-01: has no VMkernel interface with the management service"):
        derived(planned(snapshot))


def test_a_pool_whose_parent_nobody_makes_is_refused_by_its_id() -> None:
    snapshot = site()
    lost = ResourcePool(id="rp-lost", name="lost", parent="rp-nowhere")
    with pytest.raises(UnknownName, match="rp-nowhere"):
        derived(planned(replace(snapshot, resource_pools=(*snapshot.resource_pools, lost))))


def test_without_a_management_server_there_is_nothing_to_rebuild() -> None:
    plan = planned()
    assert derived(replace(plan, mapping=replace(plan.mapping, management_server=None))) == {}


def test_guests_wait_for_physical_servers_that_an_operator_may_give_up() -> None:
    plan = planned()
    servers = tuple(replace(s, guests=("web-02",)) for s in plan.snapshot.physical_servers)
    steps = derived(replace(plan, snapshot=replace(plan.snapshot, physical_servers=servers)))
    powered = steps[keys.powered("vm-2")]
    assert keys.ready("db-01") in powered.optional_needs
    assert keys.ready("db-01") not in powered.needs
    assert keys.ready("db-01") not in steps[keys.powered("vm-3")].optional_needs


def test_clusters_get_their_members_where_these_are_recovered() -> None:
    steps = derived(planned())
    settings = steps["guests/one/settings"]
    assert set(settings.arguments["members"]) == {"vm-2", "vm-3", "host-1"}
    assert {keys.registered("vm-2"), keys.host_added("esx-01")} <= set(settings.optional_needs)
    partial = derived(planned(hosts=("host-1",), guests=("vm-2",)))["guests/one/settings"]
    assert set(partial.arguments["members"]) == {"vm-2", "host-1"}
    assert [rule["name"] for rule in partial.arguments["cluster"]["rules"]] == ["at home"]


def _in_vapp(snapshot: Snapshot) -> Snapshot:
    outer = VApp(
        id="va-1",
        name="shop",
        parent="rp-1",
        folder="f-vm",
        entities=(
            VAppEntity(member="vm-3", start_order=1, waiting_for_guest=True),
            VAppEntity(member="va-2", start_order=2),
        ),
    )
    inner = VApp(id="va-2", name="front", parent="va-1", entities=(VAppEntity(member="vm-2", start_order=1),))
    return replace(snapshot, vapps=(outer, inner))


def test_vapps_start_in_their_order_nested_ones_as_wholes() -> None:
    steps = derived(planned(_in_vapp(_with_guest(site(), "vm-3", hostname="db.example"))))
    assert "guests/vm-3/heartbeat" in steps[keys.powered("vm-2")].optional_needs
    assert not {k for k in steps[keys.powered("vm-3")].optional_needs if "vm-2" in k}
    silent = derived(planned(_in_vapp(site())))
    assert keys.powered("vm-3") in silent[keys.powered("vm-2")].optional_needs
    order = silent["guests/shop/start-order"].arguments
    assert order["nested"] == ["va-2"]
    assert order["members"] == {
        "vm-3": keys.registered("vm-3"),
        "va-2": ("import/front/create-vapp"),
    }


def test_only_a_network_outside_its_datacenters_folder_is_moved() -> None:
    snapshot = site()
    folder = Folder(id="f-nets", name="nets", type="network", parent="f-net")
    first, *rest = snapshot.networks
    moved = replace(
        snapshot, folders=(*snapshot.folders, folder), networks=(replace(first, parent="f-nets"), *rest)
    )
    steps = of(derived(planned(moved)), "place-network")
    assert [step.object for step in steps] == [first.name]
    assert "import/esx-03/port-groups" in steps[0].needs
    assert of(derived(planned()), "place-network") == []


def test_root_pools_are_found_and_not_created() -> None:
    steps = derived(planned())
    assert {step.object for step in of(steps, "pool")} == {"gold", "inner", "unused"}


def test_a_cluster_is_created_quiet_with_its_root_pool() -> None:
    steps = derived(planned())
    cluster = steps["import/one/create-cluster"]
    assert cluster.arguments["cluster"]["resourcePool"] == "rp-1"
    assert steps["import/gold/create-pool"].arguments["at"]["parent"][0] == cluster.key


def _with_host(snapshot: Snapshot, **changes: Any) -> Snapshot:
    first: Host = replace(snapshot.hosts[0], **changes)
    return replace(snapshot, hosts=(first, *snapshot.hosts[1:]))


def _with_guest(snapshot: Snapshot, guest: str, **changes: Any) -> Snapshot:
    changed = tuple(replace(g, **changes) if g.id == guest else g for g in snapshot.virtual_machines)
    return replace(snapshot, virtual_machines=changed)
