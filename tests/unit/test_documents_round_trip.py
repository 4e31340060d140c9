"""Documents go out and come back: the same values, the same bytes, in one order."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from drconsole.documents import (
    kind_of,
    read_host_mapping,
    read_snapshot,
    read_vm_selection,
    write_host_mapping,
    write_snapshot,
    write_vm_selection,
)
from drconsole.documents.kinds import DOCUMENTS, Document, schema_bytes
from drconsole.documents.xsd import schema
from drconsole.errors import InvalidDocument
from drconsole.model.inventory import COLLECTIONS, Host, PhysicalNic, Snapshot
from drconsole.model.mapping import GuestFlag, VmSelection
from tests.unit.inventories.generated import HOSTILE, snapshots
from tests.unit.inventories.rich import SNAPSHOT_ID, guest, rich_mapping, rich_selection, rich_snapshot

SEED = 20261122


@given(snapshots())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_inventory_comes_back_equal_and_byte_for_byte(snapshot: Snapshot) -> None:
    data = write_snapshot(snapshot)
    back = read_snapshot(data)
    assert back == snapshot
    assert write_snapshot(back) == data


def test_a_rich_site_comes_back_equal() -> None:
    snapshot = rich_snapshot()
    assert read_snapshot(write_snapshot(snapshot)) == snapshot


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_comes_back(name: str) -> None:
    selection = VmSelection(
        site="s", snapshot=SNAPSHOT_ID, virtual_machines=(GuestFlag(id=name or "x", name=name),)
    )
    assert read_vm_selection(write_vm_selection(selection)) == selection


def test_mapping_and_selection_come_back_and_spell_out_their_flags() -> None:
    mapping, selection = rich_mapping(), rich_selection()
    assert read_host_mapping(write_host_mapping(mapping)) == mapping
    assert read_vm_selection(write_vm_selection(selection)) == selection
    assert write_host_mapping(mapping).count(b'deploy="true"') == 2
    assert write_vm_selection(selection).count(b'deploy="true"') == 1


def test_a_flag_that_is_not_given_means_deploy() -> None:
    data = write_host_mapping(rich_mapping()).replace(b' deploy="true"', b"")
    assert read_host_mapping(data) == rich_mapping()


def test_the_order_of_capture_does_not_show() -> None:
    snapshot = rich_snapshot(guests=20)
    mixed: dict[str, Any] = {}
    shuffle = random.Random(SEED)
    for name in COLLECTIONS:
        objects = list(getattr(snapshot, name))
        shuffle.shuffle(objects)
        mixed[name] = tuple(objects)
    fields = {name: getattr(snapshot, name) for name in ("site", "taken", "profile", "management_server")}
    assert write_snapshot(Snapshot(**fields, **mixed)) == write_snapshot(snapshot)


def test_one_element_a_line_so_that_a_line_says_where() -> None:
    lines = write_snapshot(rich_snapshot()).decode().splitlines()
    assert all(line.count("<") <= 2 for line in lines)


def test_elements_of_others_are_tolerated_anywhere_and_kept() -> None:
    note = '<x:note xmlns:x="urn:x" by="a&amp;b"><x:deep> kept </x:deep></x:note>'
    data = write_snapshot(rich_snapshot()).decode()
    for anchor in (
        "<managementServer ",
        "<hardware ",
        '<physicalNic name="vmnic1"',
        "</host>",
        "</snapshot>",
    ):
        data = data.replace(anchor, note + anchor, 1)
    snapshot = read_snapshot(data.encode())
    host = snapshot.hosts[0]
    assert snapshot.extensions == (note, note)
    assert host.extensions == (note, note, note)
    assert read_snapshot(write_snapshot(snapshot)) == snapshot


def test_an_unqualified_element_inside_a_foreign_one_does_not_become_ours() -> None:
    inner = '<x:list xmlns:x="urn:x"><host xmlns="">plain</host></x:list>'
    data = write_snapshot(rich_snapshot()).decode().replace("</snapshot>", inner + "</snapshot>").encode()
    first = read_snapshot(data)
    tree = etree.fromstring(write_snapshot(first))
    assert tree.xpath("string(//host)") == "plain"
    assert read_snapshot(write_snapshot(first)) == first


def test_comments_and_other_spellings_of_numbers_read_the_same() -> None:
    data = write_snapshot(rich_snapshot()).replace(b'mtu="9000"', b'mtu=" +9000 "')
    data = data.replace(b"<server>10.0", b"<server>10<!-- ten -->.0").replace(b'dhcp="true"', b'dhcp=" 1"')
    assert read_snapshot(data) == rich_snapshot()


def test_a_byte_order_mark_and_windows_line_ends_read_the_same() -> None:
    data = b"\xef\xbb\xbf" + write_snapshot(rich_snapshot()).replace(b"\n", b"\r\n")
    assert read_snapshot(data) == rich_snapshot()


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x0b", "\ud800", "\uffff"])
def test_what_xml_cannot_carry_is_refused_at_writing_with_its_object(bad: str) -> None:
    nic = PhysicalNic(name="vmnic0", driver=f"ixg{bad}be")
    host = Host(id="host-1", name="h", parent="f", physical_nics=(nic,))
    with pytest.raises(InvalidDocument) as caught:
        write_snapshot(Snapshot(site="s", taken="t", profile="p", hosts=(host,)))
    assert caught.value.path == "snapshot/host[id=host-1]/physicalNic[name=vmnic0]@driver"
    assert f"U+{ord(bad):04X}" in caught.value.message


def test_a_number_beyond_64_bits_is_refused_at_writing() -> None:
    with pytest.raises(InvalidDocument, match="memoryMib"):
        write_snapshot(
            Snapshot(site="s", taken="t", profile="p", virtual_machines=(guest(1, memory_mib=2**63),))
        )


def test_kind_of_looks_at_the_root_alone() -> None:
    assert kind_of(write_snapshot(rich_snapshot())) == "snapshot"
    assert kind_of(write_host_mapping(rich_mapping())) == "hostMapping"
    assert kind_of(write_vm_selection(rich_selection())) == "vmSelection"


def test_lines_are_right_past_65535() -> None:
    data = write_snapshot(rich_snapshot(guests=12_000)).replace(
        b'name="web-9999" folder="group-v3"', b'name="web-9999" folder="nowhere"'
    )
    line = data[: data.index(b"nowhere")].count(b"\n") + 1
    with pytest.raises(InvalidDocument, match="nowhere") as caught:
        read_snapshot(data)
    assert caught.value.line == line > 65_535


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_shipped_schema_is_the_model_s(document: Document) -> None:
    assert schema_bytes(document) == schema(document), "run scripts/schema"
