"""What an administrator did between two captures, in sentences."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from drconsole.documents import read_snapshot, write_snapshot
from drconsole.documents.difference import Change, differences
from drconsole.documents.leaves import leaves, values
from drconsole.documents.search import search
from drconsole.model.inventory import Host, PhysicalNic, ResourcePool, Snapshot, VirtualMachine
from tests.unit.inventories.generated import snapshots
from tests.unit.inventories.rich import guest, rich_snapshot

OLD = rich_snapshot()


def _with_guest(**fields: object) -> Snapshot:
    first, *others = OLD.virtual_machines
    return replace(OLD, virtual_machines=(replace(first, **fields), *others))


def _with_host(**fields: object) -> Snapshot:
    return replace(OLD, hosts=(replace(OLD.hosts[0], **fields), OLD.hosts[1]))


def _said(new: Snapshot, old: Snapshot = OLD) -> list[str]:
    return [change.sentence for change in differences(old, new)]


def _first() -> VirtualMachine:
    return OLD.virtual_machines[0]


def test_nothing_changed_and_the_time_of_capture_is_no_change() -> None:
    assert differences(OLD, replace(OLD, taken="2026-11-23T08:00:00Z")) == ()


def test_memory_is_told_in_its_unit() -> None:
    old = _with_guest(memory_mib=16384)
    assert _said(_with_guest(memory_mib=32768), old) == ["guest web-101: memory 16 → 32 GiB"]
    assert _said(_with_guest(memory_mib=512), old) == ["guest web-101: memory 16 GiB → 512 MiB"]
    assert _said(_with_guest(memory_mib=1537), old) == ["guest web-101: memory 16 GiB → 1537 MiB"]


def test_a_change_carries_its_raw_values_and_its_place() -> None:
    (change,) = differences(OLD, _with_guest(memory_mib=8192))
    assert change == Change(
        sort="changed",
        kind="virtualMachine",
        id="vm-101",
        name="web-101",
        field="memoryMib",
        before=4096,
        after=8192,
        sentence="guest web-101: memory 4 → 8 GiB",
    )


def test_a_reference_is_told_by_name() -> None:
    assert _said(_with_guest(host="host-22")) == ["guest web-101: host esx-01 → esx-02"]


def test_a_new_parent_is_a_move() -> None:
    pools = (*OLD.resource_pools, ResourcePool(id="resgroup-99", name="gold", parent="resgroup-9"))
    old = replace(OLD, resource_pools=pools)
    new = replace(OLD, resource_pools=(*pools[:2], replace(pools[2], parent="resgroup-8")))
    (change,) = differences(old, new)
    assert change.sort == "moved"
    assert change.sentence == "resource pool gold: moved gold → Resources"


def test_two_references_of_one_name_are_told_apart() -> None:
    twin = replace(OLD.hosts[1], name="esx-01")
    old = replace(OLD, hosts=(OLD.hosts[0], twin))
    (said,) = _said(replace(old, virtual_machines=_with_guest(host="host-22").virtual_machines), old)
    assert said == "guest web-101: host esx-01 (host-21) → esx-01 (host-22)"


def test_objects_come_and_go() -> None:
    new = replace(OLD, virtual_machines=(*OLD.virtual_machines[:2], guest(200)))
    assert _said(new) == ["guest web-103: removed", "guest web-200: added"]


def test_parts_are_matched_by_their_key_wherever_they_stand() -> None:
    nics = OLD.hosts[0].physical_nics
    changed = (PhysicalNic(name="vmnic9"), replace(nics[0], link="down", speed_mbit=10000))
    assert _said(_with_host(physical_nics=changed)) == [
        "host esx-01: NIC vmnic0 link up → down",
        "host esx-01: NIC vmnic0 speed 25 → 10 Gbit/s",
        "host esx-01: NIC vmnic1 removed",
        "host esx-01: NIC vmnic9 added",
    ]


def test_the_order_of_parts_is_a_change_of_its_own() -> None:
    turned = tuple(reversed(OLD.hosts[0].physical_nics))
    assert _said(_with_host(physical_nics=turned)) == ["host esx-01: NIC order changed"]


def test_a_disk_is_told_by_its_label_and_size() -> None:
    disk = replace(_first().disks[0], capacity_kib=83886080)
    assert _said(_with_guest(disks=(disk,))) == ["guest web-101: disk Hard disk 1 capacity 40 → 80 GiB"]


def test_lists_say_what_came_and_what_went() -> None:
    assert _said(_with_host(ntp_servers=("10.0.0.123", "10.0.0.124"))) == [
        "host esx-01: ntp server 10.0.0.124 added"
    ]
    cluster = OLD.clusters[0]
    group = replace(cluster.groups[0], members=("vm-102", "vm-103"))
    new = replace(OLD, clusters=(replace(cluster, groups=(group, cluster.groups[1])),))
    assert _said(new) == [
        "cluster prod: group web member web-101 removed",
        "cluster prod: group web member web-103 added",
    ]


def test_flags_are_yes_and_no_and_nothing_is_none() -> None:
    assert _said(_with_guest(template=True, annotation="")) == [
        f"guest web-101: annotation {_first().annotation} → none",
        "guest web-101: template no → yes",
    ]


@given(snapshots(), snapshots())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_there_is_a_difference_exactly_where_objects_differ(old: Snapshot, new: Snapshot) -> None:
    before = {(each.kind, each.id): each for each in old.objects()}
    after = {(each.kind, each.id): each for each in new.objects()}
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {(change.kind, change.id) for change in differences(old, new)} == differing


@given(snapshots())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_path_of_a_leaf_names_two_values(snapshot: Snapshot) -> None:
    paths = [leaf.path for leaf in leaves(snapshot)]
    assert len(paths) == len(set(paths))


def test_leaves_are_the_whole_value() -> None:
    """Whatever stands in a document stands among the leaves: each single change shows."""
    host = OLD.hosts[0]
    flat = dict(values(host))
    assert flat["host[id=host-21]/physicalNic[name=vmnic0]/link"] == "up"
    assert flat["host[id=host-21]/dns/server[1]"] == "10.0.0.53"
    assert flat["host[id=host-21]/virtualSwitch[name=vSwitch0]/policy/teaming/activeNic[1]"] == "vmnic0"
    written = msgspec.json.decode(msgspec.json.encode(host))
    # A part that says nothing, such as an empty policy, has no leaf.
    assert len(flat) == _count(written)


def _count(plain: object) -> int:
    if isinstance(plain, dict):
        return sum(_count(value) for value in plain.values())
    if isinstance(plain, list):
        return sum(_count(value) for value in plain)
    return 1


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("ESX-01", "host[id=host-21]/name"),
        ("10.0.0.9", "host[id=host-21]/route[network=10.9.0.0]/gateway"),
        ("00-00-00-00-01-01", "host[id=host-21]/physicalNic[name=vmnic1]/mac"),
        ("000000000101", "host[id=host-21]/physicalNic[name=vmnic1]/mac"),
        ("50100102", "virtualMachine[id=vm-102]/instanceUuid"),
        ("444444444444", "managementServer[id=vc-01]/instanceUuid"),
        ("web-103.vmdk", "virtualMachine[id=vm-103]/disk[key=2000]/path"),
        ("naa.6001", "datastore[id=datastore-41]/extent[1]"),
    ],
)
def test_search_says_where(text: str, path: str) -> None:
    assert path in [found.path for found in search(OLD, text)]


def test_search_puts_whole_names_first_and_finds_nothing_by_nothing() -> None:
    hosts = (*OLD.hosts, Host(id="host-99", name="a web-103 b", parent="domain-c7"))
    found = search(replace(OLD, hosts=hosts), "web-103")
    assert [each.id for each in found][:2] == ["vm-103", "host-99"]
    assert search(OLD, " ") == ()


def test_differences_of_documents_are_those_of_their_values() -> None:
    new = _with_guest(cpus=4)
    assert differences(read_snapshot(write_snapshot(OLD)), read_snapshot(write_snapshot(new))) == differences(
        OLD, new
    )
