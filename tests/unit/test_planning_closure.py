"""A partial recovery takes what its hosts and guests need, and nothing else (C4, R55)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from drconsole.model.inventory import Snapshot
from drconsole.model.inventory.base import Object
from drconsole.planning.closure import Closure, close
from drconsole.planning.restrict import subset
from drconsole.planning.verdicts import judge
from tests.unit.planning_site import HOSTS, mapping, selection, small_plan, small_site

SITE = small_site()


def closed(hosts: tuple[str, ...], *guests: str, site: Snapshot = SITE) -> Closure:
    return close(site, small_plan(), mapping(hosts), selection(*guests), judge(site, small_plan()))


def narrowed(hosts: tuple[str, ...], *guests: str) -> Snapshot:
    return subset(SITE, closed(hosts, *guests))


def dangling(snapshot: Snapshot) -> list[str]:
    """Walks all that can refer and returns what refers to nothing."""
    known = {item.id for item in snapshot.objects()} | {""}
    found: list[str] = []

    def look(item: Object, *references: str) -> None:
        found.extend(f"{item.kind}[{item.id}] → {r}" for r in references if r not in known)

    for server in [snapshot.management_server] if snapshot.management_server else []:
        look(server, server.guest, *(i.network for i in server.interfaces))
    for dc in snapshot.datacenters:
        look(dc, dc.parent, dc.vm_folder, dc.host_folder, dc.datastore_folder, dc.network_folder)
    for folder in snapshot.folders:
        look(folder, folder.parent)
    for cluster in snapshot.clusters:
        look(cluster, cluster.parent, cluster.resource_pool)
        look(cluster, *(m for g in cluster.groups for m in g.members))
        look(cluster, *(g for r in cluster.rules for g in r.guests))
    for host in snapshot.hosts:
        look(host, host.parent, *(n.distributed_port_group for n in host.virtual_nics))
    for pool in snapshot.resource_pools:
        look(pool, pool.parent)
    for switch in snapshot.distributed_switches:
        look(switch, switch.parent, *(m.host for m in switch.members))
    for group in snapshot.distributed_port_groups:
        look(group, group.parent, group.switch)
    for network in snapshot.networks:
        look(network, network.parent, *network.hosts)
    for store in snapshot.datastores:
        look(store, store.parent, *store.volumes, *(m.host for m in store.mounts))
    for guest in snapshot.virtual_machines:
        look(guest, guest.folder, guest.resource_pool, guest.host)
        look(guest, *(d.datastore for d in guest.disks), *(n.network for n in guest.network_interfaces))
    for array in snapshot.storage_arrays:
        look(array, *array.hosts)
    for volume in snapshot.volumes:
        look(volume, volume.array)
    return found


def test_a_whole_recovery_keeps_what_is_empty_and_unused() -> None:
    found = closed(HOSTS, "vm-2", "vm-3", "vm-4", "vm-5")
    assert found.whole
    assert found.has("f-empty")
    assert found.has("rp-unused")
    assert found.has("dvpg-2")
    assert found.objects["virtual_machines"] == {"vm-2", "vm-3", "vm-4", "vm-5"}
    assert found.objects["datastores"] == {"ds-1", "ds-2"}


def test_one_host_and_its_guest() -> None:
    found = closed(("host-3",), "vm-4")
    assert not found.whole
    assert {name: set(ids) for name, ids in found.objects.items() if ids} == {
        "datacenters": {"dc-1"},
        "folders": {"f-vm", "f-host", "f-ds", "f-net"},
        "clusters": {"c-2"},
        "hosts": {"host-3"},
        "resource_pools": {"rp-2"},
        "distributed_switches": {"dvs-1"},
        "distributed_port_groups": {"dvpg-1", "dvpg-up"},
        "networks": {"net-mgmt", "net-vmotion"},
        "datastores": {"ds-2"},
        "virtual_machines": {"vm-4"},
        "storage_arrays": {"a2"},
        "volumes": {"a2/e1"},
        "physical_servers": {"db-01"},
    }


def test_folders_and_pools_up_to_their_roots() -> None:
    found = closed(("host-1",), "vm-2")
    assert {"f-inner", "f-web", "f-vm", "f-prod"} <= found.objects["folders"]
    assert found.objects["resource_pools"] == {"rp-1", "rp-gold", "rp-inner"}


def test_no_guest_no_storage_and_no_distributed_switch() -> None:
    found = closed(HOSTS)
    assert not found.objects["datastores"]
    assert not found.objects["distributed_switches"]
    assert found.objects["hosts"] == set(HOSTS)


def test_references_are_narrowed_and_none_dangles() -> None:
    part = narrowed(("host-1",), "vm-2")
    assert dangling(SITE) == []
    assert dangling(part) == []
    assert [m.host for m in part.datastores[0].mounts] == ["host-1"]
    assert [m.host for m in part.distributed_switches[0].members] == ["host-1"]
    assert part.networks[0].hosts == ("host-1",)
    cluster = part.clusters[0]
    assert [(g.name, g.members) for g in cluster.groups] == [("web", ("vm-2",)), ("left", ("host-1",))]
    assert [rule.name for rule in cluster.rules] == ["at home"]
    assert part.management_server is not None
    assert part.management_server.guest == ""
    assert part.management_server.interfaces[0].network == "net-mgmt"


def test_a_rule_goes_with_its_group() -> None:
    part = narrowed(("host-2",), "vm-3")
    assert [group.name for group in part.clusters[0].groups] == ["web"]
    assert part.clusters[0].rules == ()


def test_a_guest_whose_host_is_not_deployed_moves_within_its_cluster() -> None:
    part = narrowed(("host-1", "host-3"), "vm-3", "vm-5")
    homes = {guest.id: (guest.host, guest.resource_pool) for guest in part.virtual_machines}
    assert homes == {"vm-3": ("host-1", "rp-gold"), "vm-5": ("host-3", "rp-2")}


def test_a_guest_of_a_cluster_that_is_not_recovered_goes_to_the_root_pool_of_another() -> None:
    part = narrowed(("host-4",), "vm-2")
    assert [(g.host, g.resource_pool) for g in part.virtual_machines] == [("host-4", "rp-2")]
    assert [c.id for c in part.clusters] == ["c-2"]
    assert dangling(part) == []


def test_a_template_lies_in_no_pool_and_keeps_it_so() -> None:
    guests = tuple(
        replace(v, template=True, resource_pool="") if v.id == "vm-2" else v for v in SITE.virtual_machines
    )
    site = replace(SITE, virtual_machines=guests)
    part = subset(site, closed(("host-1",), "vm-2", site=site))
    assert [(v.resource_pool, v.host) for v in part.virtual_machines] == [("", "host-1")]
    assert [pool.id for pool in part.resource_pools] == ["rp-1"]


@pytest.mark.parametrize("hosts", [HOSTS, HOSTS[:1], HOSTS[1:3], HOSTS[3:]])
@pytest.mark.parametrize("guests", [(), ("vm-2",), ("vm-4", "vm-5"), ("vm-2", "vm-3", "vm-4", "vm-5")])
def test_nothing_dangles_in_any_part(hosts: tuple[str, ...], guests: tuple[str, ...]) -> None:
    part = narrowed(hosts, *guests)
    assert dangling(part) == []
    assert {host.id for host in part.hosts} == set(hosts)
    assert {guest.id for guest in part.virtual_machines} == set(guests)


def test_a_guest_that_nobody_can_take_is_not_sent() -> None:
    stores = tuple(replace(d, mounts=d.mounts[:1]) for d in SITE.datastores)
    found = closed(("host-4",), "vm-2", site=replace(SITE, datastores=stores))
    assert not found.objects["virtual_machines"]
