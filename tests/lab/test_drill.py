"""A drill of the default world by command: what came back, in what order, and that nothing stays."""

from __future__ import annotations

import pytest

from tests.comparer.closure import Expected
from tests.comparer.ledger import disorder
from tests.comparer.rules import has_linked_management
from tests.lab.evidence import Evidence
from tests.lab.own_lab import still

STAGES = ["preflight", "halt", "map", "provision", "uplinks", "storage", "import", "guests", "verify"]

pytestmark = pytest.mark.timeout(240)


def test_it_ends_held_for_its_audience(drill: Evidence) -> None:
    assert drill.outcome.code == 0, drill.outcome.stderr[-2000:]
    assert drill.view["state"] == "held"
    assert drill.view["mode"] == "drill"


def test_all_nine_stages_are_done_in_their_order(drill: Evidence) -> None:
    assert [stage["name"] for stage in drill.view["stages"]] == STAGES
    assert [stage["state"] for stage in drill.view["stages"]] == ["done"] * 9
    assert all(stage["done"] == stage["steps"] > 0 for stage in drill.view["stages"])


def test_every_recoverable_guest_is_registered_and_runs_where_it_ran(drill: Evidence) -> None:
    expected = Expected(drill.before, drill.setting)
    captured = {guest["path"]: guest for guest in expected.objects["virtualMachine"]}
    standing = {guest["path"]: guest["power"] for guest in drill.after["virtualMachine"]}
    assert len(captured) == 39
    assert standing == {path: guest["power"] for path, guest in captured.items()}
    assert {guest["power"] for guest in captured.values()} == {"on", "off"}
    assert any(guest["template"] for guest in drill.after["virtualMachine"])


def test_the_run_says_of_each_guest_what_the_world_says(drill: Evidence) -> None:
    told = {guest["name"]: guest for guest in drill.view["guests"]}
    assert len(told) == len(drill.before["virtualMachine"])
    assert told["vc-01"]["state"] == "not-recoverable"
    assert "management server" in told["vc-01"]["reason"]
    assert sum(guest["state"] == "registered" for guest in told.values()) == 39


def test_nothing_is_lost_by_the_runs_own_word(drill: Evidence) -> None:
    assert drill.lost == []
    assert drill.view["fidelity"]["total"] > 2000


def test_nothing_is_lost_by_the_worlds_word(drill: Evidence) -> None:
    judged = drill.judgement
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in judged.lost] == []
    assert judged.total > 2000


def test_what_was_done_was_done_in_order_and_once(drill: Evidence) -> None:
    assert disorder(drill.ledger, drill.roles) == []
    effects = {entry.effect for entry in drill.ledger}
    assert effects >= {"clone", "install-start", "ready", "add-host", "present", "mount", "register-guest"}


def test_every_management_uplink_had_link_before_storage_was_presented(drill: Evidence) -> None:
    assert all(has_linked_management(host) for host in drill.after["host"])
    first = next(n for n, entry in enumerate(drill.ledger) if entry.effect == "present")
    machines = {f"machine/{host['machine']}" for host in drill.after["host"]}
    later = [entry for entry in drill.ledger[first:] if entry.effect in ("link-up", "link-down")]
    assert not [entry for entry in later if entry.object.rpartition("/")[0] in machines]
    proved = {s["key"]: s["ended"] for s in drill.view["steps"] if s["key"].startswith("uplinks/")}
    assert len([key for key in proved if key.endswith("/prove")]) == 4
    assert all(ended < drill.ledger[first].at for ended in proved.values())


def test_some_uplinks_had_to_be_rearranged(drill: Evidence) -> None:
    """Else the default world proves nothing about them."""
    unlinked = [
        t for t in drill.roles if t in drill.setting.metal and not drill.setting.metal[t]["vmnic2"].link
    ]
    repaired = [d for d in drill.view["fidelity"]["differences"] if d["class"] == "repaired"]
    assert unlinked
    assert any("virtualSwitches" in difference["path"] for difference in repaired)


def test_replication_went_on_under_the_drill(drill: Evidence) -> None:
    """Only clones are used; what the arrays copy goes on arriving in the replicas."""
    assert {entry.effect for entry in drill.ledger} & {"halt", "promote"} == set()
    last = max(n for n, entry in enumerate(drill.ledger) if entry.effect == "register-guest")
    assert any(entry.effect == "write-volume" for entry in drill.ledger[last:])
    used = {store["volume"] for store in drill.after["datastore"]}
    assert used
    assert used.isdisjoint({volume["path"] for volume in drill.bare["volume"]})


def test_protected_site_is_as_it_was(drill: Evidence) -> None:
    assert still(drill.protected_after) == still(drill.before)
    ours = [entry for entry in (*drill.ledger, *drill.cleaned) if entry.object.startswith("protected/")]
    assert ours == []


def test_cleanup_brings_the_world_back_as_it_was(drill: Evidence) -> None:
    assert drill.cleanup is not None
    assert drill.cleanup.code == 0, drill.cleanup.stderr[-2000:]
    assert still(drill.recovered_after) == still(drill.bare)


def test_cleanup_wipes_every_disk_that_was_written(drill: Evidence) -> None:
    installed = {entry.object for entry in drill.ledger if entry.effect == "install-end"}
    wiped = {entry.object.partition("/disk/")[0] for entry in drill.cleaned if entry.effect == "wipe"}
    assert len(installed) == 6
    assert wiped == installed


def test_the_pool_is_free_again(drill: Evidence) -> None:
    assert [target["state"] for target in drill.targets_after] == ["free"] * 8
    assert sum(target["state"] == "leased" for target in drill.targets) == 6


def test_the_report_tells_times_and_what_was_excused(drill: Evidence) -> None:
    excused = drill.view["fidelity"]["excused"]
    assert excused
    assert drill.report["run"]["fidelity"]["excused"] == excused
    assert all(f"{rule}" in drill.told and str(count) in drill.told for rule, count in excused.items())
    assert drill.view["rto_s"] > 0
    assert drill.view["rpo_s"] is not None
