"""Drafts: edits that are taken back, what is unsaved, sums that are kept up, moving to another snapshot."""

from __future__ import annotations

import random

import msgspec
import pytest

from drconsole.api.values import MatchReply, SelectionReply, SiteEntry, SnapshotEntry
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.draft.sheet import Sheet
from drconsole.console.inventories.inventory import Captured
from drconsole.console.known.bases import base_of, move_to, unsaved
from drconsole.console.known.store import Store
from drconsole.errors import InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import Snapshot
from drconsole.planning.match import match_targets
from drconsole.planning.selection import select
from drconsole.planning.verdicts import judge
from tests.console.small_world import POOL as NAMES
from tests.console.small_world import targets_of
from tests.unit.planning_site import ID, small_plan, small_site

OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
POOL = targets_of(lambda name: name, NAMES)
TARGETS = {target.name: target for target in POOL}


def matched(site: Snapshot, draft: MappingDraft) -> MatchReply:
    found = match_targets(site, draft.snapshot_id, POOL)
    return MatchReply(snapshot=draft.snapshot_id, mapping=found.complete(), matches=found.roles)


def mapping_draft(site: Snapshot | None = None, identity: str = ID) -> MappingDraft:
    site = site or small_site()
    draft = MappingDraft(identity, Captured(site))
    draft.take(matched(site, draft))
    return draft


def selection_draft(site: Snapshot | None = None, identity: str = ID) -> SelectionDraft:
    site = site or small_site()
    verdicts = judge(site, small_plan())
    reply = SelectionReply(snapshot=identity, selection=select(site, identity, verdicts), verdicts=verdicts)
    return SelectionDraft(reply, Captured(site))


# -- the sheet ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_whatever_was_done_taking_all_back_and_doing_it_again_gives_the_same(seed: int) -> None:
    dice = random.Random(seed)
    keys = [f"k{number}" for number in range(6)]
    sheet = Sheet(dict.fromkeys(keys, 0))
    saved = dict(sheet.values)
    states = [dict(sheet.values)]
    for _ in range(30):
        if dice.random() < 0.2:
            sheet.save()
            saved = dict(sheet.values)
        changed = sheet.change("x", {key: dice.randrange(3) for key in dice.sample(keys, 2)})
        if changed:
            states.append(dict(sheet.values))
        assert sheet.unsaved == sum(sheet.values[key] != saved[key] for key in keys)
        assert all(sheet.differs(key) == (sheet.values[key] != saved[key]) for key in keys)
    for state in states[-2::-1]:
        assert sheet.undo() == "x"
        assert sheet.values == state
    assert sheet.undo() == ""
    for state in states[1:]:
        assert sheet.redo() == "x"
        assert sheet.values == state
    assert sheet.redo() == ""


def test_a_new_edit_forgets_what_was_taken_back_and_no_change_is_no_edit() -> None:
    sheet = Sheet({"a": 1, "b": 2})
    sheet.change("first", {"a": 5})
    sheet.undo()
    assert sheet.change("nothing", {"a": 1}) == 0
    assert sheet.redo() == "first"
    sheet.undo()
    sheet.change("second", {"b": 3})
    assert sheet.redo() == ""
    assert sheet.values == {"a": 1, "b": 3}


# -- the mapping ----------------------------------------------------------------------------------------


def test_flags_targets_matches_and_documents_are_edits_that_are_taken_back() -> None:
    draft = mapping_draft()
    begun = draft.mapping()
    assert not draft.touched
    assert draft.unsaved == 0
    draft.toggle("host/host-1")
    spare = next(t.name for t in POOL if t.hardware and t.name not in draft.targets.values())
    draft.assign("host/host-2", spare)
    other = msgspec.structs.replace(begun, hosts=begun.hosts[:3])
    assert draft.touched
    assert draft.unsaved == 2
    draft.read(other, POOL)
    assert draft.unsaved == 0
    assert draft.mapping() != begun
    for _ in range(3):
        assert draft.undo()
    assert draft.mapping() == begun
    assert draft.undo() == ""
    while draft.redo():
        pass
    assert draft.mapping().hosts[:3] == other.hosts


def test_a_target_that_is_given_away_is_taken_from_who_had_it_and_undo_gives_it_back() -> None:
    draft = mapping_draft()
    before = dict(draft.targets)
    taken = before["host/host-1"]
    draft.assign("host/host-2", taken)
    assert draft.targets["host/host-2"] == taken
    assert draft.targets["host/host-1"] == ""
    assert draft.bare() == ["esx-01"]
    assert draft.holder(taken) == "host/host-2"
    assert draft.problem(POOL) == "no target for esx-01"
    draft.undo()
    assert draft.targets == before
    assert draft.problem(POOL) == ""


def test_a_late_match_fills_roles_without_a_target_and_changes_no_choice() -> None:
    site = small_site()
    draft = MappingDraft(ID, Captured(site))
    draft.toggle("host/host-3")
    draft.assign("host/host-1", "I")
    draft.take(matched(site, draft))
    assert draft.targets["host/host-1"] == "I"
    assert not draft.deployed["host/host-3"]
    assert draft.targets["management/vc-01"]
    taken = [target for target in draft.targets.values() if target]
    assert len(taken) == len(set(taken))


def test_what_is_wrong_is_refused_and_leaves_all_as_it_was() -> None:
    draft = mapping_draft()
    with pytest.raises(Refused, match="always deployed"):
        draft.toggle("management/vc-01")
    stranger = msgspec.structs.replace(draft.mapping(), site="erie")
    with pytest.raises(InvalidDocument, match="of site erie"):
        draft.read(stranger, POOL)
    roles = tuple(msgspec.structs.replace(role, target="nobody") for role in draft.mapping().hosts[:1])
    with pytest.raises(UnknownName, match="nobody"):
        draft.read(msgspec.structs.replace(draft.mapping(), hosts=roles), POOL)
    assert not draft.touched
    small = draft.fit("host/host-1", TARGETS)
    assert small.word in ("good", "tight")
    draft.assign("host/host-1", "I")
    assert draft.fit("host/host-1", TARGETS).word == "none"


# -- the selection --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_sums_are_those_of_the_flags_whatever_was_done(seed: int) -> None:
    dice = random.Random(seed)
    draft = selection_draft()
    ids = list(draft.captured.guests)
    for _ in range(25):
        act = dice.choice((draft.undo, draft.redo, None, None))
        if act is None:
            draft.set(dice.sample(ids, dice.randrange(1, 4)), dice.random() < 0.5)
        else:
            act()
        on = [draft.captured.guests[g] for g, deploy in draft.flags.items() if deploy]
        assert draft.selected == len(on)
        assert draft.memory_mib == sum(guest.memory_mib for guest in on)
        assert draft.disk_kib == sum(disk.capacity_kib for guest in on for disk in guest.disks)
        assert draft.chosen() == {guest.id for guest in on}


def test_only_who_can_be_recovered_is_set_and_a_document_is_an_edit() -> None:
    draft = selection_draft()
    assert draft.set(("vm-1", "vm-6", "vm-3"), False) == 1
    selection = draft.selection()
    draft.undo()
    assert not draft.touched
    assert draft.read(selection) == 1
    assert draft.unsaved == 0
    assert draft.touched
    draft.undo()
    assert draft.flags["vm-3"]
    assert draft.unsaved == 1
    wrong = msgspec.structs.replace(selection, site="erie")
    with pytest.raises(InvalidDocument, match="erie"):
        draft.read(wrong)
    flags = tuple(msgspec.structs.replace(f, id="vm-6", deploy=True) for f in selection.virtual_machines[:1])
    with pytest.raises(InvalidDocument, match="cannot be recovered: web-06"):
        draft.read(msgspec.structs.replace(selection, virtual_machines=flags))


# -- another snapshot -----------------------------------------------------------------------------------


def at_work() -> Store:
    """A store with drafts of an older snapshot and a newer one."""
    store, site = Store(), small_site()
    entry = SnapshotEntry(id=NEW, site="pittsburgh", taken="2026-11-22T09:00:00Z", verified=True)
    store.set_sites(
        (SiteEntry(name="pittsburgh", platform="vsphere", address="", profile="", snapshot=entry),)
    )
    store.captured = {OLD: Captured(site), NEW: Captured(site)}
    store.mappings["pittsburgh"] = mapping_draft(identity=OLD)
    store.selections["pittsburgh"] = selection_draft(identity=OLD)
    return store


def test_untouched_drafts_follow_the_newest_snapshot_and_touched_ones_stay() -> None:
    store = at_work()
    assert base_of(store, "pittsburgh") == NEW
    store.selections["pittsburgh"].set(("vm-3",), False)
    assert base_of(store, "pittsburgh") == OLD
    store.selections["pittsburgh"].undo()
    assert base_of(store, "pittsburgh") == NEW
    assert base_of(store, "erie") == ""


def test_moving_to_another_snapshot_carries_choices_and_keeps_the_old_drafts() -> None:
    store = at_work()
    mapping, selection = store.mappings["pittsburgh"], store.selections["pittsburgh"]
    mapping.toggle("host/host-4")
    selection.set(("vm-3",), False)
    move_to(store, "pittsburgh", NEW)
    assert base_of(store, "pittsburgh") == NEW
    assert not store.mappings
    assert unsaved(store) == 2
    assert store.desk.mappings_to_carry["pittsburgh"] is mapping
    fewer = msgspec.structs.replace(small_site(), virtual_machines=small_site().virtual_machines[1:])
    new = selection_draft(fewer, NEW)
    new.carry(store.desk.selections_to_carry["pittsburgh"])
    assert not new.flags["vm-3"]
    assert new.undo() == "the flags that were carried over"
    newer = MappingDraft(NEW, Captured(small_site()))
    newer.carry(mapping)
    assert newer.mapping().hosts == mapping.mapping().hosts
    # Back again: the drafts that were put aside, with what can be taken back in them.
    move_to(store, "pittsburgh", OLD)
    assert store.mappings["pittsburgh"] is mapping
    assert store.selections["pittsburgh"] is selection
    assert store.desk.bases == {"pittsburgh": OLD}
    assert mapping.undo()
    assert unsaved(store) == 1
