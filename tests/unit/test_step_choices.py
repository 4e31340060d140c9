"""What do I do now: a failed step says what each verb would change, and the verb does just that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from drconsole.api.values import Choice, StepDetail
from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.recovery import verbs
from drconsole.recovery.amend import Change, Seen
from drconsole.recovery.step_page import step_detail
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import replacement
from tests.unit.runs.amendable import amended, frozen, pool_of, went
from tests.unit.runs.plans import url

BOOT, READY = step_key("provision", "esx-01", "boot"), keys.ready("esx-01")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(tmp_path, opened)
    yield opened
    await opened.close()


def page(journal: Journal, key: str) -> StepDetail:
    return journal.read(lambda c: step_detail(c, "R-1", key, pool=pool_of(journal).values()))


def choice(journal: Journal, key: str, verb: str) -> Choice:
    return next(each for each in page(journal, key).choices if each.verb == verb)


async def test_attempts_are_told_with_their_ends_and_runners(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "failed"})
    await journal.write(lambda c: verbs.retry(c, "R-1", (BOOT,), every=False, actor="ann"))
    await journal.write(lambda c: steps.begin(c, "R-1", runs.current_epoch(c, "R-1"), BOOT, 2))
    found = page(journal, BOOT)
    assert [(each.number, each.end, each.error) for each in found.attempted] == [
        (1, "failed", "broken"),
        (2, "", ""),
    ]


async def test_a_step_that_is_done_needs_nobody(journal: Journal) -> None:
    await went(journal, {BOOT: "done"})
    assert page(journal, BOOT).choices == ()


async def test_a_replacement_does_again_what_the_page_says(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "done", READY: "failed"})
    told = choice(journal, READY, "replace")
    assert told.command == "drconsole run replace R-1 T0 --by X1"
    assert "X1 (fits; rack-1) takes the place of T0 as esx-01; 2 steps are done again" in told.effect

    def replaced(seen: Seen) -> Change:
        return replacement(seen, "T0", "X1", pool_of(journal).values(), ())

    reply = await amended(tmp_path, journal, replaced)
    again = [key for key in reply.steps if journal.read(lambda c: steps.load(c, "R-1"))[key].attempts]
    assert tuple(again) == told.retried == (BOOT, READY)


async def test_giving_a_host_up_skips_what_the_page_says(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "failed"})
    told = choice(journal, BOOT, "skip")
    assert "esx-01 is given up" in told.effect

    def given(seen: Seen) -> Change:
        need = host_of(seen, BOOT)
        assert need is not None
        return giving_up(seen, need, BOOT, reason="dead")

    await amended(tmp_path, journal, given)
    rows = journal.read(lambda c: steps.load(c, "R-1", cleanup=False))
    assert {key for key, row in rows.items() if row.state == "skipped"} == set(told.skipped)


async def test_a_skip_gives_up_what_the_page_says(journal: Journal) -> None:
    key = keys.registered("vm-2")
    await went(journal, {keys.BARRIER: "done", key: "failed"})
    told = choice(journal, key, "skip")
    assert told.guests == ("web-02",)
    reply = await journal.write(lambda c: verbs.skip(c, "R-1", key, reason="gone", actor="ann"))
    assert reply.steps == told.skipped


async def test_what_cannot_be_done_is_told_with_why(journal: Journal) -> None:
    await went(journal, {keys.BARRIER: "done", keys.host_added("esx-01"): "failed"})
    told = choice(journal, keys.host_added("esx-01"), "replace")
    assert "its storage is being connected" in told.refused


@pytest.mark.parametrize("verb", ["retry", "replace", "skip", "cancel"])
async def test_every_command_is_one_that_can_be_typed(journal: Journal, verb: str) -> None:
    await went(journal, {BOOT: "failed"})
    assert choice(journal, BOOT, verb).command.startswith(f"drconsole run {verb} R-1")


async def test_a_cancelled_run_offers_no_amendment(journal: Journal) -> None:
    await went(journal, {BOOT: "failed"})
    await journal.write(partial(verbs.cancel, run="R-1", reason="", actor="ann"))
    assert "replace" not in {each.verb for each in page(journal, BOOT).choices}
