"""The operator chooses guests: by default all that come back, by patterns, or by a document."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from drconsole.errors import DRConsoleError, InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import HostHardware
from drconsole.model.mapping import VmSelection
from drconsole.planning.placement import place
from drconsole.planning.selection import check_selection, chosen, select
from drconsole.planning.verdicts import judge
from tests.unit.planning_site import HOSTS, ID, mapping, selection, small_plan, small_site

SITE = small_site()
VERDICTS = judge(SITE, small_plan())


def test_all_that_can_be_recovered_by_default() -> None:
    found = select(SITE, ID, VERDICTS)
    assert [flag.id for flag in found.virtual_machines] == ["vm-2", "vm-3", "vm-4", "vm-5"]
    assert chosen(found) == {"vm-2", "vm-3", "vm-4", "vm-5"}


def test_patterns_choose_by_name_and_the_rest_is_listed_as_not_deployed() -> None:
    found = select(SITE, ID, VERDICTS, ["*-0[24]", "web-05"])
    assert [flag.deploy for flag in found.virtual_machines] == [True, False, True, True]


def test_a_name_with_brackets_matches_itself() -> None:
    odd = [replace(v, name="[prod] a*") if v.id == "vm-2" else v for v in VERDICTS]
    assert chosen(select(SITE, ID, odd, ["[prod] a*"])) == {"vm-2"}


@pytest.mark.parametrize("pattern", ["db-*", "web-06", "WEB-02"])
def test_a_pattern_that_matches_nothing_recoverable_is_refused(pattern: str) -> None:
    with pytest.raises(UnknownName, match=pattern.replace("*", r"\*")):
        select(SITE, ID, VERDICTS, ["web-02", pattern])


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (selection("vm-99", listed=("vm-99",)), UnknownName, "vm-99"),
        (selection("vm-6", listed=("vm-6",)), Refused, "web-06.*local-1"),
        (selection("vm-1", listed=("vm-1",)), Refused, "management server"),
        (selection("vm-2", listed=("vm-2", "vm-2")), InvalidDocument, "vm-2 stands twice"),
        (replace(selection("vm-2"), site="boston"), InvalidDocument, "boston"),
    ],
)
def test_a_wrong_selection_is_refused_by_name(
    wrong: VmSelection, error: type[DRConsoleError], says: str
) -> None:
    with pytest.raises(error, match=says):
        check_selection(wrong, SITE, VERDICTS, mapping())


def test_what_cannot_come_back_may_be_listed_as_not_deployed() -> None:
    check_selection(selection("vm-2", listed=("vm-1", "vm-2", "vm-6")), SITE, VERDICTS, mapping())


def test_guests_that_no_deployed_host_reaches_are_refused_by_name() -> None:
    stores = tuple(replace(d, mounts=d.mounts[:2]) if d.id == "ds-1" else d for d in SITE.datastores)
    networks = tuple(replace(s, members=s.members[:2]) for s in SITE.distributed_switches)
    site = replace(SITE, datastores=stores, distributed_switches=networks)
    check_selection(selection("vm-2"), site, VERDICTS, mapping(("host-2",)))
    with pytest.raises(Refused, match=r"web-02: none reaches datastore block-1, network prod"):
        check_selection(selection("vm-2"), site, VERDICTS, mapping(("host-3",)))
    with pytest.raises(Refused, match="no host is deployed"):
        check_selection(selection("vm-2"), site, VERDICTS, mapping(()))


def test_a_guest_stays_at_home_and_the_others_go_to_the_least_loaded() -> None:
    assert place(SITE, mapping(), selection("vm-2", "vm-4")).hosts == {"vm-2": "host-1", "vm-4": "host-3"}
    found = place(SITE, mapping(("host-1", "host-3", "host-4")), selection("vm-2", "vm-3", "vm-4", "vm-5"))
    assert found.hosts == {"vm-2": "host-1", "vm-3": "host-1", "vm-4": "host-3", "vm-5": "host-4"}
    other = place(SITE, mapping(HOSTS[2:]), selection("vm-2", "vm-3", "vm-4"))
    assert other.hosts == {"vm-2": "host-4", "vm-3": "host-3", "vm-4": "host-3"}


def test_its_own_cluster_goes_before_a_less_loaded_host() -> None:
    found = place(SITE, mapping(("host-2", "host-4")), selection("vm-2", "vm-3"))
    assert found.hosts == {"vm-2": "host-2", "vm-3": "host-2"}


def test_a_crowded_host_is_said() -> None:
    small = tuple(replace(h, hardware=HostHardware(memory_mib=10000)) for h in SITE.hosts)
    site = replace(SITE, hosts=small)
    found = place(site, mapping(("host-1",)), selection("vm-2", "vm-3"))
    assert found.crowded == {"host-1": "16384 MiB of guests' memory on 10000 MiB"}
    assert place(site, mapping(), selection("vm-2", "vm-3")).crowded == {}
