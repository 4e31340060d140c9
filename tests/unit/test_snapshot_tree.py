"""A snapshot as a tree: everything is in it, each thing where it stands, whatever the document says."""

from __future__ import annotations

import msgspec

from drconsole.console.archive.branches import Tree
from drconsole.documents.whereabouts import Whereabouts
from drconsole.model.inventory import Folder, Snapshot
from tests.unit.inventories.rich import rich_snapshot
from tests.unit.planning_site import small_site


def opened_wholly(tree: Tree) -> set[str]:
    """Returns the keys of every branch."""
    opened: set[str] = set()
    while (keys := set(tree.rows(opened))) != opened:
        opened = keys
    return opened


def test_every_object_is_in_the_tree_and_its_key_leads_there() -> None:
    for snapshot in (small_site(), rich_snapshot()):
        tree = Tree(snapshot)
        rows = tree.rows(opened_wholly(tree))
        assert {row.thing.id for row in rows.values() if row.opens is row.thing} == {
            thing.id for thing in snapshot.objects()
        }
        for thing in snapshot.objects():
            key, above = tree.key_of(thing)
            assert tree.rows(above)[key].thing is thing


def test_only_open_branches_have_rows() -> None:
    tree = Tree(small_site())
    closed = tree.rows(set())
    assert [row.label for row in closed.values()] == ["vc-01", "Pittsburgh", "a1", "a2", "db-01"]
    assert all(row.depth == 0 for row in closed.values())
    esx = tree.find("host", "host-1")
    assert esx is not None
    key, above = tree.key_of(esx)
    inside = [row for name, row in tree.rows({*above, key}).items() if name.startswith(f"{key}/")]
    assert [row.label for row in inside] == ["web-01", "web-02", "web-06"]


def test_values_have_units_and_references_have_names() -> None:
    tree = Tree(small_site())
    guest = tree.find("virtualMachine", "vm-1")
    assert guest is not None
    key, above = tree.key_of(guest)
    rows = tree.rows({*above, key})
    shown = {row.label: row.words for name, row in rows.items() if name.startswith(f"{key}.")}
    assert shown["memory"] == "8 GiB"
    assert shown["host"] == "esx-01"
    assert shown["disks"] == "1"
    assert tree.words(rows[key]) == "guest · on · 8 GiB"


def test_names_are_found_and_say_where_they_stand() -> None:
    tree = Tree(small_site())
    found = list(tree.matching("web-02").values())
    assert [row.label for row in found] == ["web-02"]
    assert tree.words(found[0]) == "guest in esx-01, one, production, host, Pittsburgh"
    assert all(row.label.startswith("esx") for row in tree.matching("esx !02").values())
    assert len(tree.matching("esx !02")) == 3


def test_a_circle_of_folders_is_shown_all_the_same() -> None:
    circle = Snapshot(
        site="x",
        taken="2026-11-22T08:00:00Z",
        profile="p",
        folders=(
            Folder(id="a", name="one", type="vm", parent="b"),
            Folder(id="b", name="two", type="vm", parent="a"),
            Folder(id="c", name="three", type="vm", parent="c"),
        ),
    )
    tree = Tree(circle)
    assert {row.label for row in tree.rows(set()).values()} == {"one", "two", "three"}
    for folder in circle.folders:
        key, above = tree.key_of(folder)
        assert tree.rows(above)[key].thing is folder
    assert Whereabouts(circle).words(circle.folders[0]) == "two"


def test_fifty_thousand_guests_under_one_host() -> None:
    site = small_site()
    guest = site.virtual_machines[0]
    many = tuple(msgspec.structs.replace(guest, id=f"vm-{n}", name=f"web-{n}") for n in range(50_000))
    tree = Tree(msgspec.structs.replace(site, virtual_machines=many))
    key, above = tree.key_of(many[-1])
    rows = tree.rows(above)
    assert rows[key].label == "web-49999"
    assert len(rows) > 50_000
    # What stands beside a label is made for rows that are drawn, and for no other.
    assert not any(row.words for row in rows.values() if row.opens is row.thing)
