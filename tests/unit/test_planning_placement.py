"""Placing guests: whatever is left out, each goes where the rule says, by trying all hosts for each."""

from __future__ import annotations

import random

import msgspec
import pytest

from drconsole.model.inventory import Mount, Snapshot, SwitchMember
from drconsole.planning.placement import Placer, place
from tests.unit.planning_site import guest, host, mapping, selection, small_site

HOSTS = tuple(f"host-{number}" for number in range(1, 9))


def world(dice: random.Random) -> Snapshot:
    """Eight hosts in two clusters; not all of them see both datastores."""
    small = small_site()
    hosts = tuple(host(n, "c-1" if n < 5 else "c-2", memory_gib=dice.choice((32, 64))) for n in range(1, 9))
    stores = tuple(
        msgspec.structs.replace(store, mounts=tuple(Mount(host=h) for h in HOSTS if dice.random() < 0.7))
        for store in small.datastores
    )
    guests = tuple(
        guest(n, dice.choice(HOSTS), "rp-1", datastores=dice.choice((("ds-1",), ("ds-2",), ("ds-1", "ds-2"))))
        for n in range(60)
    )
    switch = msgspec.structs.replace(
        small.distributed_switches[0],
        members=tuple(SwitchMember(host=h) for h in HOSTS),
    )
    return msgspec.structs.replace(
        small, hosts=hosts, datastores=stores, virtual_machines=guests, distributed_switches=(switch,)
    )


def tried(site: Snapshot, deployed: set[str], wanted: set[str]) -> dict[str, str]:
    """The rule, carried out slowly."""
    parents = {h.id: h.parent for h in site.hosts}
    sees = {store.id: {mount.host for mount in store.mounts} for store in site.datastores}
    guests = [g for g in site.virtual_machines if g.id in wanted]
    placed = {g.id: g.host for g in guests if g.host in deployed}
    load = dict.fromkeys(HOSTS, 0)
    for g in guests:
        if g.id in placed:
            load[g.host] += g.memory_mib
    for g in guests:
        if g.id in placed:
            continue
        able = [h for h in site.hosts if h.id in deployed and all(h.id in sees[d.datastore] for d in g.disks)]
        if able:
            best = min(able, key=lambda h: (h.parent != parents[g.host], load[h.id], h.name, h.id))
            placed[g.id] = best.id
            load[best.id] += g.memory_mib
    return placed


@pytest.mark.parametrize("seed", range(40))
def test_each_guest_goes_where_trying_all_hosts_puts_it(seed: int) -> None:
    dice = random.Random(seed)
    site = world(dice)
    deployed = {h for h in HOSTS if dice.random() < 0.5}
    placer = Placer(site, deployed)
    for _ in range(3):
        wanted = {g.id for g in site.virtual_machines if dice.random() < 0.8}
        found, slow = placer.place(wanted), tried(site, deployed, wanted)
        assert found.hosts == slow
        assert set(found.homeless) == wanted - set(slow)


def test_documents_and_ids_say_the_same() -> None:
    site = small_site()
    by_document = place(site, mapping(("host-2", "host-3")), selection("vm-2", "vm-4", "vm-5"))
    assert by_document == Placer(site, ("host-2", "host-3")).place(("vm-2", "vm-4", "vm-5"))
    assert by_document.hosts == {"vm-2": "host-2", "vm-4": "host-3", "vm-5": "host-3"}
