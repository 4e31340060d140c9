"""Map, VMs and the form of a recovery by keys: undo, verdicts that come by themselves, other snapshots."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.values import SelectionReply, SnapshotDocument, SnapshotEntry
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Report
from drconsole.console.screens.leaving import Leave
from drconsole.console.screens.recover_form import RecoverForm
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.recovery_asking import AskDuration, ConfirmReal
from drconsole.console.screens.sites import SitesView
from drconsole.documents import write_snapshot
from drconsole.model.plan import Estimate, Finding, PlanReport
from drconsole.model.run import RunSummary
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world
from tests.console.terminal import console
from tests.console.test_console_verbs import Desk, desk
from tests.unit.planning_site import small_site

OLDER = msgspec.structs.replace(
    small_site(), taken="2026-11-21T08:00:00Z", virtual_machines=small_site().virtual_machines[:4]
)


def report(asked: Any, *findings: Finding) -> PlanReport:
    return PlanReport(
        site=asked.site, mode=asked.mode, snapshot=asked.snapshot,
        ready=not any(finding.blocks for finding in findings), findings=findings, matches=(), verdicts=(),
        estimate=Estimate(seconds=41 * 60, critical_path=()), steps=117, stages={},
    )  # fmt: skip


def answers(service: ScriptedService, *findings: Finding) -> str:
    """Lets the service plan, and have an older snapshot too; returns that one's id."""
    document = write_snapshot(OLDER)
    older = SnapshotEntry(
        id=f"sha256:{hashlib.sha256(document).hexdigest()}", site="pittsburgh", taken=OLDER.taken,
        hosts=4, guests=4, verified=True,
    )  # fmt: skip
    newest = cast("SnapshotDocument", service.answers[requests.GetSnapshot](requests.GetSnapshot()))
    judged = service.answers[requests.Select]
    service.answers |= {
        requests.Select: lambda asked: msgspec.structs.replace(
            cast("SelectionReply", judged(asked)), snapshot=asked.snapshot
        ),
        requests.PlanRun: lambda asked: report(asked, *findings),
        requests.ListSnapshots: lambda _: (older, newest.entry),
        requests.GetSnapshot: lambda asked: (
            SnapshotDocument(entry=older, document=document) if asked.id == older.id else newest
        ),
    }
    return older.id


@asynccontextmanager
async def at_map(folder: Path, *findings: Finding) -> AsyncIterator[tuple[Desk, MappingDraft]]:
    """A console on Map, with both drafts."""
    async with desk(folder, run=False) as at:
        answers(at.service, *findings)
        await at.pilot.press("3")
        await at.until(lambda: (m := mapping(at)) and not m.bare() and selection(at))
        yield at, drafts(at)[0]


def mapping(at: Desk) -> MappingDraft | None:
    return at.app.store.mappings.get("pittsburgh")


def selection(at: Desk) -> SelectionDraft | None:
    return at.app.store.selections.get("pittsburgh")


def drafts(at: Desk) -> tuple[MappingDraft, SelectionDraft]:
    found = (mapping(at), selection(at))
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


# -- Map and VMs ----------------------------------------------------------------------------------------


async def test_edits_are_taken_back_and_done_again_by_keys_on_both_screens(tmp_path: Path) -> None:
    async with at_map(tmp_path) as (at, draft):
        begun = draft.mapping()
        await at.pilot.press("g", "j", "space", "j", "space")
        assert draft.unsaved == 2
        version = draft.version
        await at.pilot.press("A", "y")
        await at.until(lambda: draft.version > version)
        changed = draft.mapping()
        await at.pilot.press("u", "u", "u")
        assert draft.mapping() == begun
        await at.pilot.press("u")
        assert at.app.store.note[0] == "nothing to be taken back"
        await at.pilot.press("ctrl+r", "ctrl+r", "ctrl+r")
        assert draft.mapping() == changed
        await at.pilot.press("4")
        guests = drafts(at)[1]
        await at.pilot.press("slash", *"!web-03", "enter", "F", "j", "enter")
        assert [guest for guest, on in guests.flags.items() if on] == ["vm-3"]
        await at.pilot.press("u")
        assert guests.unsaved == 0
        assert guests.selected == 4


async def test_the_services_verdict_comes_by_itself_once_edits_have_settled(tmp_path: Path) -> None:
    blocked = Finding(subject="network test", text="is not mapped", blocks=True, remedy="map it")
    async with at_map(tmp_path, blocked) as (at, draft):
        await at.until(lambda: at.service.asked_for(requests.PlanRun))
        await at.pilot.press("g", "j", "space", "space", "space")
        await at.until(lambda: at.service.asked_for(requests.PlanRun)[-1].mapping == draft.mapping())
        planned = at.service.asked_for(requests.PlanRun)
        assert len(planned) <= 2
        assert planned[-1].selection == drafts(at)[1].selection()
        await at.until(lambda: at.app.store.desk.judged["pittsburgh"].report)
        number = len(planned)
        await at.pilot.press("V")
        assert isinstance(at.app.screen, Report)
        assert len(at.service.asked_for(requests.PlanRun)) == number


async def test_where_guests_go_follows_the_flags_of_hosts(tmp_path: Path) -> None:
    async with at_map(tmp_path) as (at, draft):
        placed = at.app.store.desk.placed
        await at.until(lambda: "pittsburgh" in placed)
        assert placed["pittsburgh"][1].hosts["vm-3"] == "host-2"
        await at.pilot.press("g", "j", "j", "space")
        assert not draft.deployed["host/host-2"]
        await at.until(lambda: placed["pittsburgh"][1].hosts.get("vm-3") == "host-1")


async def test_leaving_with_changes_that_no_file_has_asks(tmp_path: Path) -> None:
    async with at_map(tmp_path) as (at, draft):
        await at.pilot.press("g", "j", "space", "1", "q")
        assert isinstance(at.app.screen, Leave)
        await at.pilot.press("n")
        assert isinstance(at.app.screen, SitesView)
        await at.pilot.press("3", "w", *["backspace"] * 40, *str(tmp_path / "m.xml"), "enter")
        await at.until(lambda: draft.unsaved == 0)
        assert draft.touched
        await at.pilot.press("q")
        assert not isinstance(at.app.screen, Leave)


async def test_drafts_move_to_another_snapshot_with_what_was_chosen_and_back(tmp_path: Path) -> None:
    async with at_map(tmp_path) as (at, draft):
        old = answers(at.service)
        await at.pilot.press("g", "j", "space", "4")
        guests = drafts(at)[1]
        await at.pilot.press("slash", *"web-03", "enter", "space", "b")
        await at.until(lambda: isinstance(at.app.screen, Choose) and at.app.focused)
        await at.pilot.press("j", "enter")
        await at.until(lambda: (m := mapping(at)) and m.snapshot_id == old)
        moved = drafts(at)[0]
        assert not moved.deployed["host/host-1"]
        assert moved.touched
        await at.pilot.press("R")
        await at.until(lambda: isinstance(at.app.screen, RecoverForm))
        assert cast("RecoverForm", at.app.screen).wanted.snapshot == old
        await at.pilot.press("escape", "b")
        await at.until(lambda: isinstance(at.app.screen, Choose) and at.app.focused)
        await at.pilot.press("enter")
        await at.until(lambda: mapping(at) is draft)
        assert selection(at) is guests
        assert at.app.store.desk.bases == {}


# -- the form of a recovery -----------------------------------------------------------------------------


async def test_every_choice_of_the_form_is_in_the_request(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        old = answers(at.service)
        await at.pilot.press("R", "u", "c", "o")
        assert isinstance(at.app.screen, AskDuration)
        await at.pilot.press(*"soon", "enter")
        assert isinstance(at.app.screen, AskDuration)
        await at.pilot.press(*["backspace"] * 4, *"1h30m", "enter", "p", *"15m", "enter", "s")
        await at.until(lambda: isinstance(at.app.screen, Choose) and at.app.focused)
        await at.pilot.press("G", "enter")
        await at.pilot.press("enter", "y")
        sent = await at.asked(requests.Recover)
        assert sent == requests.Recover(
            site="pittsburgh", mode="drill", snapshot=old, cleanup=True, rto_s=5400.0, rpo_s=900.0,
            review_uplinks=True,
        )  # fmt: skip


async def test_what_a_run_would_do_is_asked_meanwhile_and_shown_before_the_name_is_typed(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, run=False) as at:
        answers(at.service, Finding(subject="array a1", text="is out of sync", blocks=True))
        held = RunSummary(
            run=RUN, site="pittsburgh", mode="drill", state="held", snapshot="x", started=None, ended=None
        )
        at.service.answers[requests.ListRuns] = lambda _: (held,)
        at.app.store.set_runs((held,))
        await at.pilot.press("R", "j")
        await at.until(lambda: [p.mode for p in at.service.asked_for(requests.PlanRun)][-1:] == ["disaster"])
        await at.pilot.press("enter")
        screen = at.app.screen
        assert isinstance(screen, ConfirmReal)
        told = "\n".join("".join(text for text, _ in line) for line in screen._told.lines())
        assert f"drill {RUN} is pre-empted" in told
        await at.until(lambda: "array a1: is out of sync" in str(screen._told.lines()))
        await at.pilot.press("escape")
        assert not at.service.asked_for(requests.Recover)


async def test_four_keys_from_opening_to_a_drill(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("R", "enter", "y")
        sent = await at.asked(requests.Recover)
        assert sent == requests.Recover(site="pittsburgh", mode="drill")


async def test_a_snapshot_that_was_chosen_elsewhere_is_recovered_from_or_worked_with(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        old = answers(at.service)
        here = at.app.screen
        assert isinstance(here, Recovering)
        here.recover_from(old)
        await at.pilot.press("enter", "y")
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert sent.snapshot == old
        here.recover_from(old, site="erie")
        assert at.app.store.note[0].startswith("site erie is not configured")
        assert isinstance(at.app.screen, Recovering)
        at.app.screen.begin_drafts(old)
        await at.until(lambda: (m := mapping(at)) and m.snapshot_id == old and selection(at))
        assert drafts(at)[1].snapshot_id != ""


# -- targets --------------------------------------------------------------------------------------------


async def test_a_target_is_given_back_only_by_its_typed_name(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        first, *rest = at.app.store.targets or ()
        kept = msgspec.structs.replace(first, state="in-service", run=RUN, role="esx-01")
        at.service.answers[requests.ListTargets] = lambda _: (kept, *rest)
        at.service.answers[requests.ReleaseTarget] = lambda _: first
        await at.pilot.press("2")
        at.app.store.set_targets((kept, *rest), 0.0)
        await at.pilot.press("g", "X")
        assert isinstance(at.app.screen, Ask)
        await at.pilot.press(*"E", "enter")
        assert not at.service.asked_for(requests.ReleaseTarget)
        await at.pilot.press("backspace", "D", "enter")
        assert await at.asked(requests.ReleaseTarget) == requests.ReleaseTarget(name="D", confirm="D")
        await at.pilot.press("j", "X")
        assert not isinstance(at.app.screen, Confirm | Ask)


# -- as an operator sees it -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_map_vms_and_the_form_at_both_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    service = world(tmp_path, run=False)
    answers(service, Finding(subject="esx-01", text="fits E tightly", blocks=False))
    with service.listening(), console(service.config, size) as terminal:
        terminal.sees("● pittsburgh", "NAME ↑", "sort NAME ↑")
        terminal.press("3")
        terminal.sees("✓ the service would start it", "estimate 41 min", "✓ saved", "1 remark")
        terminal.press("j", "space")
        terminal.sees("· no *", "! 1 unsaved *", "mapping (1 unsaved)", "not deployed; its guests move")
        terminal.press("4")
        terminal.sees("moves to", "selection", "✓ every deployed guest's datastores")
        terminal.press("R")
        form = terminal.sees("▸ drill", "disaster", "planned", "08:00Z", "all that can be", "esc nothing")
        assert "as on screen 3 Map, 1 change not in a file" in form
        terminal.press("enter")
        terminal.sees(" DRILL ", "y starts the drill", "✓ the service would start it")
        terminal.escape("starts the drill")
        terminal.press("3")
        terminal.sees("[3 Map]")
        terminal.press("u")
        terminal.sees("took back: the flag of esx-01", "✓ saved")
