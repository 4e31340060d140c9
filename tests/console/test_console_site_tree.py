"""The tree of sites and the tables beside it: which rows there are, what they count, how they are sorted."""

from __future__ import annotations

import random
import time

import msgspec
import pytest

from drconsole.api.values import InventoryBatch, SiteEntry, SnapshotEntry
from drconsole.console.inventories.inventory import GUEST, Captured, Inventory
from drconsole.console.known.store import Store
from drconsole.console.screens.site_known import Known
from drconsole.console.screens.site_listing import Objects, Sort
from drconsole.console.screens.site_row import TreeRow, is_open
from drconsole.console.screens.site_tree import tree_cells, tree_rows
from drconsole.console.style.look import Look
from drconsole.console.widgets.columns import placed
from drconsole.model.inventory import Folder, Snapshot, VApp
from drconsole.model.live import InventoryChange
from drconsole.model.run import RunSummary
from tests.unit.planning_site import ID, small_site

replace = msgspec.structs.replace
RUN = "R-20261122-1402"


def site() -> Snapshot:
    """The small site, with a datacenter in a folder, a folder of networks, and a vApp in a pool."""
    small = small_site()
    folders = (
        Folder(id="f-root", name="Datacenters", type="datacenter"),
        Folder(id="f-east", name="east", type="datacenter", parent="f-root"),
        Folder(id="f-dmz", name="dmz", type="network", parent="f-net"),
    )
    networks = tuple(
        replace(network, parent="f-dmz") if network.id == "net-vmotion" else network
        for network in small.networks
    )
    return replace(
        small,
        datacenters=(replace(small.datacenters[0], parent="f-east"),),
        folders=tuple(sorted((*small.folders, *folders), key=lambda folder: folder.id)),
        networks=networks,
        vapps=(VApp(id="va-1", name="shop", parent="rp-gold"),),
    )


def live(snapshot: Snapshot) -> InventoryBatch:
    """All that a snapshot has, as a site tells it."""
    changes = tuple(
        InventoryChange(id=n.id, kind=n.kind, change="upsert", name=n.name, parent=n.parent, facts=n.facts)
        for n in Captured(snapshot).inventory.nodes.values()
    )
    return InventoryBatch(site=snapshot.site, state="live", age_s=0.0, reset=True, changes=changes)


def store_of(snapshot: Snapshot, *, is_live: bool = True) -> Store:
    store = Store()
    entry = SnapshotEntry(id=ID, site="pittsburgh", taken=snapshot.taken, verified=True)
    store.set_sites(
        (SiteEntry(name="pittsburgh", platform="vsphere", address="", profile="", snapshot=entry),)
    )
    store.set_captured(ID, Captured(snapshot))
    if is_live:
        store.set_batch(live(snapshot), time.monotonic())
    return store


def words(store: Store, turned: set[str]) -> list[str]:
    return [f"{row.depth} {row.label} {row.count}".rstrip() for row in tree_rows(store, turned)]


def row_of(store: Store, turned: set[str], label: str) -> TreeRow:
    return next(row for row in tree_rows(store, turned) if row.label == label)


# -- the tree -------------------------------------------------------------------------------------------


def test_the_tree_goes_from_sites_to_groups_through_folders_of_all_kinds() -> None:
    store = store_of(site(), is_live=False)
    turned: set[str] = set()
    shown = words(store, turned)
    assert shown[:3] == ["0 · pittsburgh STALE 08:00Z", "1 east/", "2 Pittsburgh"]
    assert shown[3:] == [
        "3 production/ 2 h", "4 one 2 h  4 vm", "5 hosts 2", "5 guests 4", "5 pools, vApps 1",
        "3 two 2 h  2 vm", "4 hosts 2", "4 guests 2", "4 pools, vApps 1",
        "3 guests 6", "3 hosts 4", "3 networks 5", "3 datastores 3",
        "1 physical servers 1",
    ]  # fmt: skip
    for label in ("networks", "guests"):
        turned |= {row.key for row in tree_rows(store, turned) if row.label == label and row.opens}
    turned |= {row_of(store, turned, "pools, vApps").key}
    turned |= {row_of(store, turned, "gold").key, row_of(store, turned, "web/").key}
    shown = words(store, turned)
    for row in (
        "4 dmz/ 1",
        "4 empty/ 0",
        "4 web/ 5",
        "5 inner/ 1",
        "6 gold pool",
        "7 inner pool",
        "7 shop vApp",
    ):
        assert row in shown
    turned ^= {row_of(store, turned, "east/").key}
    assert words(store, turned) == ["0 · pittsburgh STALE 08:00Z", "1 east/", "1 physical servers 1"]


def test_branches_stay_as_they_are_when_objects_come_and_counts_follow() -> None:
    store = store_of(site())
    turned = {row_of(store, set(), "production/").key}
    turned |= {row.key for row in tree_rows(store, turned) if row.label == "guests" and row.opens}
    before = [row.key for row in tree_rows(store, turned)]
    assert "4 web/ 5" in words(store, turned)
    assert not any(" one " in row for row in words(store, turned))
    new = InventoryChange(id="vm-9", kind=GUEST, change="upsert", name="web-09", parent="f-inner")
    gone = InventoryChange(id="vm-3", kind=GUEST, change="leave")
    moved = InventoryChange(id="vm-5", kind=GUEST, change="upsert", parent="f-empty")
    store.set_batch(
        InventoryBatch(site="pittsburgh", state="live", age_s=0.0, changes=(new, gone, moved)), 1.0
    )
    shown = words(store, turned)
    assert [row.key for row in tree_rows(store, turned)] == before
    assert "4 web/ 4" in shown
    assert "4 empty/ 1" in shown
    inventory = store.inventories["pittsburgh"]
    assert inventory.below("f-inner", GUEST).ids == ("vm-2", "vm-9")


@pytest.mark.parametrize("seed", range(10))
def test_what_folders_hold_is_counted_right_whatever_comes_goes_and_moves(seed: int) -> None:
    dice = random.Random(seed)
    inventory = Inventory()
    inventory.apply(live(site()), 0.0)
    folders = ["f-vm", "f-web", "f-inner", "f-empty"]
    for _ in range(40):
        kind = dice.choice(("upsert", "upsert", "leave", "move"))
        folder, name = dice.choice(folders), f"vm-{dice.randrange(12)}"
        change = InventoryChange(id=name, kind=GUEST, change="upsert", name=name, parent=folder)
        if kind == "leave":
            change = InventoryChange(id=name, kind=GUEST, change="leave")
        if kind == "move":
            moved = dice.choice(("f-web", "f-inner", "f-empty"))
            above = dice.choice(["f-vm", *[f for f in folders[1:] if f != moved]])
            change = InventoryChange(id=moved, kind="folder", change="upsert", parent=above)
        inventory.apply(InventoryBatch(site="pittsburgh", state="live", changes=(change,)), 1.0)
        for folder in folders:
            inside = {
                node.id
                for node in inventory.nodes.values()
                if node.kind == GUEST and stands_in(inventory, node.parent, folder)
            }
            assert inventory.count_below(folder, GUEST) == len(inside)
            assert set(inventory.below(folder, GUEST).ids) == inside


def stands_in(inventory: Inventory, place: str, folder: str) -> bool:
    seen: set[str] = set()
    while place and place not in seen:
        if place == folder:
            return True
        seen.add(place)
        place = inventory.nodes[place].parent if place in inventory.nodes else ""
    return False


def test_what_a_run_has_recovered_stands_beside_what_is_protected() -> None:
    store = store_of(site())
    run = RunSummary(
        run=RUN, site="pittsburgh", mode="drill", state="running", snapshot=ID, started=None, ended=None
    )
    store.set_runs((run,))
    assert f"2 · {RUN} not yet" in words(store, set())
    store.set_recovered(RUN, live(small_site()), time.monotonic())
    shown = words(store, set())
    assert f"2 ● {RUN} live 2s" in shown
    assert "3 Pittsburgh" in shown
    recovered = [row for row in tree_rows(store, set()) if row.run]
    assert {row.run for row in recovered} == {RUN}
    assert recovered[1].name == RUN
    store.recovered[RUN].lose()
    assert f"2 ○ {RUN} STALE 2s" in words(store, set())
    store.set_runs((replace(run, state="done"),))
    assert not any(row.run for row in tree_rows(store, set()))


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("vc: the credentials of dr were refused (correct the password)", "LOGIN REFUSED"),
        ("vc: certificate sha256:aa is not the pinned sha256:bb (compare both)", "WRONG PIN"),
    ],
)
def test_a_site_that_only_an_operator_can_help_says_so(error: str, word: str) -> None:
    store = store_of(site(), is_live=False)
    store.set_batch(InventoryBatch(site="pittsburgh", state="unwatched", error=error), 1.0)
    row = next(tree_rows(store, set()))
    assert row.count == word
    assert row.label == "✗ pittsburgh"
    cells = tree_cells(row, set(), 34, Look({}))
    assert "".join(text for text, _ in cells[0]).endswith(f" {word}")
    assert len("".join(text for text, _ in cells[0])) == 34


def test_only_open_branches_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(site())
    asked: list[str] = []
    inside = Inventory.inside

    def counted(self: Inventory, container: str, *kinds: str) -> object:
        asked.append(container)
        return inside(self, container, *kinds)

    monkeypatch.setattr(Inventory, "inside", counted)
    rows = list(tree_rows(store, {"site/pittsburgh"}))
    assert [is_open(row, {"site/pittsburgh"}) for row in rows] == [False]
    assert asked == []
    east = row_of(store, set(), "east/").key
    asked.clear()
    list(tree_rows(store, {east}))
    assert asked == ["", "f-root"]


# -- the table ------------------------------------------------------------------------------------------


def listed(store: Store, row: TreeRow, sort: Sort, wanted: str = "") -> list[str]:
    captured = store.captured_of("pittsburgh")
    assert captured is not None
    inventory, known = captured.inventory, Known(captured)
    found = Objects().list(row, inventory, known, wanted, sort)
    return [inventory.nodes[key].name if key in inventory.nodes else key for key in found]


def test_tables_are_sorted_by_any_column_and_filtered() -> None:
    store = store_of(site())
    guests = TreeRow(key="x/guests", depth=1, label="guests", count="", site="pittsburgh")
    assert listed(store, guests, Sort()) == [f"web-0{n}" for n in range(1, 7)]
    assert listed(store, guests, Sort(down=True), "!3") == ["web-06", "web-05", "web-04", "web-02", "web-01"]
    by_host = listed(store, guests, Sort("host"))
    assert by_host == ["web-01", "web-02", "web-06", "web-03", "web-04", "web-05"]
    hosts = replace(guests, key="x/hosts", shows="hosts")
    assert listed(store, hosts, Sort("guests", down=True))[0] == "esx-01"
    pool = replace(guests, key="x/gold", pool="rp-gold")
    assert listed(store, pool, Sort()) == ["web-02", "web-03"]
    assert listed(store, replace(pool, shows="pools"), Sort()) == ["inner", "shop"]
    servers = replace(guests, key="x/physical", shows="physical")
    assert listed(store, servers, Sort("cpu")) == ["db-01"]


def test_the_column_that_is_sorted_by_bears_a_mark_and_the_next_one_follows() -> None:
    sort = Sort()
    titles = [column.title for column in sort.columns("guests")]
    assert titles[:3] == ["S", "NAME ↑", "POWER"]
    seen = []
    for _ in range(7):
        sort = sort.next("guests")
        seen.append(sort.column)
    assert seen == ["power", "host", "network", "gib", "os", "captured", "name"]
    assert Sort("gib", down=True).word("guests") == "sort GiB ↓"
    assert all(column.width >= len(column.title) for column in Sort("gib").columns("guests"))


def test_the_same_rows_are_the_same_tuple() -> None:
    store = store_of(site())
    row = TreeRow(key="x/guests", depth=1, label="guests", count="", site="pittsburgh")
    objects, known = Objects(), Known(store.captured_of("pittsburgh"))
    inventory = store.inventories["pittsburgh"]
    first = objects.list(row, inventory, known, "", Sort("power"))
    change = InventoryChange(id="vm-2", kind=GUEST, change="upsert", facts={"power": "poweredOn"})
    store.set_batch(InventoryBatch(site="pittsburgh", state="live", age_s=0.0, changes=(change,)), 1.0)
    assert objects.list(row, inventory, known, "", Sort("power")) is first


def test_the_column_that_a_table_is_sorted_by_gives_no_way() -> None:
    sort = Sort("gib", down=True)
    kept = placed(sort.columns("guests"), 60)
    assert "GiB ↓" in [place.column.title for place in kept]
    assert "GiB" not in [place.column.title for place in placed(Sort().columns("guests"), 60)]
