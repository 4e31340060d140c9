"""The start order that a snapshot tells: places in vApps, who waits for whom and for which server."""

from __future__ import annotations

import msgspec

from drconsole.model.inventory import PhysicalServer, Snapshot, VApp, VAppEntity
from drconsole.planning.start_order import places, servers_before, started_before
from tests.unit.planning_site import small_site

replace = msgspec.structs.replace


def with_vapps(*vapps: VApp) -> Snapshot:
    return replace(small_site(), vapps=vapps)


def vapp(identity: str, *members: tuple[str, int], action: str = "powerOn") -> VApp:
    entities = tuple(VAppEntity(member=m, start_order=order, start_action=action) for m, order in members)
    return VApp(id=identity, name=identity, parent="rp-1", entities=entities)


def test_guests_have_places_in_their_vapps_and_nested_ones_count_as_wholes() -> None:
    site = with_vapps(
        vapp("va-1", ("vm-3", 1), ("va-2", 2), ("vm-5", 3)), vapp("va-2", ("vm-2", 1), ("vm-4", 2))
    )
    assert places(site) == {"vm-3": 1, "vm-2": 2, "vm-4": 3, "vm-5": 4}
    before = {g: {other.id for _, other in earlier} for g, earlier in started_before(site).items()}
    assert before == {
        "vm-3": set(),
        "vm-2": {"vm-3"},
        "vm-4": {"vm-3", "vm-2"},
        "vm-5": {"vm-3", "vm-2", "vm-4"},
    }


def test_who_starts_by_hand_or_was_off_is_waited_for_by_nobody() -> None:
    site = with_vapps(vapp("va-1", ("vm-3", 1), ("vm-5", 2), action="none"))
    assert started_before(site)["vm-5"] == ()
    off = tuple(replace(g, power="off") if g.id == "vm-3" else g for g in small_site().virtual_machines)
    site = replace(with_vapps(vapp("va-1", ("vm-3", 1), ("vm-5", 2))), virtual_machines=off)
    assert started_before(site)["vm-5"] == ()
    assert places(site) == {"vm-3": 1, "vm-5": 1}


def test_an_order_in_a_circle_is_none_and_ends() -> None:
    one = vapp("va-1", ("vm-3", 1), ("vm-5", 2))
    other = vapp("va-2", ("vm-5", 1), ("vm-3", 2))
    assert places(with_vapps(one, other)) == {}
    assert places(small_site()) == {}


def test_physical_servers_are_waited_for_by_the_guests_that_they_name() -> None:
    server = PhysicalServer(id="db-01", name="db-01", guests=("web-03", "nobody"))
    assert servers_before(replace(small_site(), physical_servers=(server,))) == {"vm-3": ("db-01",)}
