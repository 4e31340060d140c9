"""A live inventory of many objects: lists and places stay right while single changes come in."""

from __future__ import annotations

import random

import pytest

from drconsole.api.values import InventoryBatch
from drconsole.console.inventories.inventory import GUEST, NETWORKS, Inventory, Node, from_snapshot
from drconsole.console.inventories.sieve import Sieve
from drconsole.model.live import InventoryChange
from tests.console.large_world import large_site
from tests.console.small_world import live


def changed(*changes: InventoryChange, reset: bool = False) -> InventoryBatch:
    return InventoryBatch(site="pittsburgh", state="live", age_s=0.0, reset=reset, changes=changes)


def upsert(
    identity: str, kind: str = GUEST, name: str = "", parent: str = "", **facts: str
) -> InventoryChange:
    return InventoryChange(id=identity, kind=kind, change="upsert", name=name, parent=parent, facts=facts)


def leave(identity: str, kind: str = GUEST) -> InventoryChange:
    return InventoryChange(id=identity, kind=kind, change="leave")


@pytest.fixture
def inventory() -> Inventory:
    found = Inventory()
    found.apply(live(large_site(400)), 0.0)
    return found


def names(inventory: Inventory, *kinds: str, cluster: str = "") -> list[str]:
    return [inventory.nodes[i].name for i in inventory.listing(*kinds, cluster=cluster).ids]


def test_a_site_is_listed_by_name_whole_and_by_cluster(inventory: Inventory) -> None:
    assert len(inventory.listing(GUEST)) == 400
    assert names(inventory, GUEST) == sorted(names(inventory, GUEST))
    one, two = (inventory.listing(GUEST, cluster=cluster) for cluster in ("c-1", "c-2"))
    assert len(one) + len(two) == 400
    assert len(one) > 100 < len(two)
    assert len(inventory.listing(GUEST, datacenter="dc-1")) == 400
    assert names(inventory, *NETWORKS) == ["Management Network", "vMotion"]
    assert inventory.guests_on("host-1") == 40


def test_a_fact_changes_no_list(inventory: Inventory) -> None:
    listing = inventory.listing(GUEST, cluster="c-1")
    before, version = listing.ids, inventory.version
    inventory.apply(changed(upsert("vm-10", power="poweredOff")), 1.0)
    assert inventory.version > version
    assert inventory.nodes["vm-10"].facts["power"] == "poweredOff"
    assert inventory.listing(GUEST, cluster="c-1") is listing
    assert listing.ids is before


def test_a_guest_that_moves_changes_its_cluster_its_host_and_nothing_else(inventory: Inventory) -> None:
    here = inventory.nodes["vm-10"].facts["host"]
    there = next(
        h.id for h in inventory.of("host") if inventory.nodes[h.id].parent != inventory.nodes[here].parent
    )
    one = inventory.listing(GUEST, cluster=inventory.nodes[here].parent)
    two = inventory.listing(GUEST, cluster=inventory.nodes[there].parent)
    sizes = len(one), len(two), inventory.guests_on(here), inventory.guests_on(there)
    inventory.apply(changed(upsert("vm-10", host=there)), 1.0)
    assert (len(one), len(two)) == (sizes[0] - 1, sizes[1] + 1)
    assert inventory.guests_on(here) == sizes[2] - 1
    assert inventory.guests_on(there) == sizes[3] + 1
    assert "vm-10" in two.ids


def test_names_come_go_and_change_at_their_places(inventory: Inventory) -> None:
    listing = inventory.listing(GUEST)
    inventory.apply(
        changed(
            upsert("vm-x", name="aaa", parent="f-web", host="host-1"),
            upsert("vm-y", name="zzz", parent="f-web", host="host-1"),
            upsert("vm-9", name="a-renamed"),
            leave("vm-11"),
            leave("vm-nobody"),
        ),
        1.0,
    )
    assert listing.ids[:2] == ("vm-9", "vm-x")
    assert listing.ids[-1] == "vm-y"
    assert "vm-11" not in listing.ids
    assert len(listing) == 401


def test_a_host_that_changes_its_cluster_takes_its_guests_along(inventory: Inventory) -> None:
    host = inventory.nodes["host-2"]
    other = "c-1" if host.parent == "c-2" else "c-2"
    number = len(inventory.listing(GUEST, cluster=other))
    inventory.apply(changed(upsert("host-2", kind="host", parent=other)), 1.0)
    assert len(inventory.listing(GUEST, cluster=other)) == number + 40
    inventory.apply(changed(upsert("c-1", kind="cluster", name="renamed")), 1.0)
    assert [node.name for node in inventory.of("cluster")] == ["renamed", "two"]


def test_after_a_thousand_changes_all_is_as_if_it_had_come_at_once(inventory: Inventory) -> None:
    chance = random.Random(7)
    hosts = [node.id for node in inventory.of("host")]
    asked = [((GUEST,), c) for c in ("", "c-1", "c-2")] + [(("host",), ""), (NETWORKS, "")]
    for kinds, cluster in asked:
        inventory.listing(*kinds, cluster=cluster)
    for number in range(1000):
        guest = f"vm-{chance.randrange(1, 450)}"
        what = chance.choice(("power", "host", "name", "leave", "host moves"))
        inventory.apply(
            changed(
                {
                    "power": upsert(guest, parent="f-web", power=chance.choice(("poweredOn", "poweredOff"))),
                    "host": upsert(guest, parent="f-web", host=chance.choice(hosts)),
                    "name": upsert(guest, parent="f-web", name=f"n{chance.randrange(999)}"),
                    "leave": leave(guest),
                    "host moves": upsert(hosts[0], kind="host", parent=chance.choice(("c-1", "c-2"))),
                }[what]
            ),
            float(number),
        )
    fresh = Inventory()
    fresh.replace([Node(**{f: getattr(n, f) for f in n.__struct_fields__}) for n in inventory.nodes.values()])
    for kinds, cluster in asked:
        assert inventory.listing(*kinds, cluster=cluster).ids == fresh.listing(*kinds, cluster=cluster).ids
    assert [inventory.guests_on(h) for h in hosts] == [fresh.guests_on(h) for h in hosts]


def test_a_new_beginning_forgets_what_was_shown(inventory: Inventory) -> None:
    inventory.apply(changed(upsert("vm-1", name="only", parent="f-web"), reset=True), 1.0)
    assert names(inventory, GUEST) == ["only"]


def test_a_lost_or_silent_site_is_stale_and_its_age_goes_on(inventory: Inventory) -> None:
    assert inventory.state(1.0) == "live"
    assert inventory.state(6.0) == "stale"
    assert inventory.age(6.0) == 6.0
    inventory.apply(changed(), 7.0)
    assert inventory.state(7.5) == "live"
    inventory.lose()
    assert inventory.state(7.5) == "stale"


def test_a_snapshot_is_listed_like_a_live_site() -> None:
    site = large_site(400)
    inventory = from_snapshot(site)
    assert len(inventory.listing(GUEST)) == 400
    assert sum(inventory.guests_on(host.id) for host in site.hosts) == 400


def test_a_filter_that_grows_and_shrinks_finds_what_it_would_find_at_once() -> None:
    names = [(str(n), f"{('Web', 'app')[n % 2]}-{n:03}") for n in range(300)]
    sieve = Sieve(names)
    typed = ["w", "we", "web", "web ", "web 1", "web 12", "web 1", "web", "", "!", "!w", "!we", "web !1", "0"]
    for wanted in typed:
        assert sieve.passing(wanted) == Sieve(names).passing(wanted), wanted
    assert len(sieve.passing("web")) == 150
    assert sieve.passing("!web") == tuple(identity for identity, name in names if "Web" not in name)
    assert sieve.passing("web") is sieve.passing("WEB")
