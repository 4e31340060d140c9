"""Two operators at once, each verb with each: what holds is one of the two orders, and the second is told."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.errors import DRConsoleError
from drconsole.journal import commands, runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.recovery import amend, verbs
from drconsole.recovery.amend import Change, Seen
from drconsole.recovery.verbs.flags import flags_changed
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import replacement
from drconsole.settings.values import Settings
from tests.unit.runs.amendable import SmallRoom, frozen, pool_of, went
from tests.unit.runs.plans import settings, url

BOOT = step_key("provision", "esx-01", "boot")
DATABASE = step_key("provision", "db-01", "boot")
HALT = keys.halted("a1/g1")

Saying = Callable[[Journal, str, Settings], Awaitable[CommandReply]]


def said(verb: Callable[..., CommandReply], *words: object, **named: object) -> Saying:
    async def say(journal: Journal, actor: str, _: Settings) -> CommandReply:
        return await journal.write(lambda c: verb(c, "R-1", *words, **named, actor=actor))

    return say


def changing(decide: Callable[[Journal, Seen], Change]) -> Saying:
    async def say(journal: Journal, actor: str, made: Settings) -> CommandReply:
        while True:
            seen = await journal.query(partial(amend.see, run="R-1"))
            change = amend.compose(made, seen, decide(journal, seen), [SmallRoom()])
            try:
                return await journal.write(partial(amend.write, made=change, actor=actor))
            except amend.Stale:
                continue

    return say


def replaced(journal: Journal, seen: Seen) -> Change:
    return replacement(seen, "T0", "", pool_of(journal).values(), ())


def given_up(journal: Journal, seen: Seen) -> Change:
    need = host_of(seen, BOOT)
    if need is None:
        seen_anew = seen.rows[BOOT]
        raise DRConsoleError(f"the step is {seen_anew.state}{seen.by(('skip', 'replace'), BOOT)}")
    return giving_up(seen, need, BOOT, reason="dead")


def flagged(journal: Journal, seen: Seen) -> Change:
    return flags_changed(seen, {"vm-5": True}, {}, pool_of(journal).values(), ())


VERBS: Mapping[str, Saying] = {
    "retry": said(verbs.retry, (BOOT,), every=False),
    "skip": said(verbs.skip, DATABASE, reason="later"),
    "give-up": changing(given_up),
    "approve": said(verbs.approve, HALT),
    "pause": said(verbs.pause),
    "cancel": said(verbs.cancel, reason=""),
    "replace": changing(replaced),
    "flags": changing(flagged),
}


async def waiting(journal: Journal) -> None:
    """A host and a server have failed, and a step asks."""
    await went(journal, {BOOT: "failed", DATABASE: "failed"})

    def ask(connection: Connection) -> None:
        epoch = runs.current_epoch(connection, "R-1")
        steps.begin(connection, "R-1", epoch, HALT, 1)
        steps.wait(connection, "R-1", epoch, HALT, question="sure?", remedy="")
        runs.set_state(connection, "R-1", "waiting")

    await journal.write(ask)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of such a run: every pair gets a copy of it."""
    folder = tmp_path_factory.mktemp("failing")

    async def make() -> None:
        journal = Journal(url(folder))
        await frozen(folder, journal)
        await waiting(journal)
        await journal.close()

    asyncio.run(make())
    return folder / "journal.db"


@pytest.mark.parametrize(("one", "other"), itertools.combinations_with_replacement(VERBS, 2))
async def test_of_two_at_once_the_second_is_told_of_the_first(
    tmp_path: Path, failing: Path, one: str, other: str
) -> None:
    """Two services' worth of journals on one database: whatever the order, nothing is done twice."""
    shutil.copy(failing, tmp_path / failing.name)
    journals = [Journal(url(tmp_path)), Journal(url(tmp_path))]
    try:
        outcomes = await asyncio.gather(
            VERBS[one](journals[0], "ann", settings(tmp_path)),
            VERBS[other](journals[1], "bob", settings(tmp_path)),
            return_exceptions=True,
        )
        refused = [(who, end) for who, end in zip(("ann", "bob"), outcomes, strict=True) if not taken(end)]
        assert len(refused) <= 1
        if one == other:
            assert len(refused) == 1
        for who, error in refused:
            assert isinstance(error, DRConsoleError), error
            assert {"ann": "bob", "bob": "ann"}[who] in str(error)
        written = journals[0].read(lambda c: [(said.actor, said.verb) for said in commands.last(c, "R-1")])
        assert len(written) == 2 - len(refused)
    finally:
        for journal in journals:
            await journal.close()


def taken(outcome: object) -> bool:
    return isinstance(outcome, CommandReply)


async def test_a_run_is_resumed_once(tmp_path: Path) -> None:
    journals = [Journal(url(tmp_path)), Journal(url(tmp_path))]
    try:
        await frozen(tmp_path, journals[0])
        await journals[0].write(lambda c: verbs.pause(c, "R-1", actor="zoe"))
        resume = said(verbs.resume)
        outcomes = await asyncio.gather(
            resume(journals[0], "ann", settings(tmp_path)),
            resume(journals[1], "bob", settings(tmp_path)),
            return_exceptions=True,
        )
        told = [str(end) for end in outcomes if not taken(end)]
        assert len(told) == 1
        assert "said resume" in told[0]
        row = journals[0].read(lambda c: runs.find(c, "R-1"))
        assert (row.state, row.paused_by) == ("running", None)
    finally:
        for journal in journals:
            await journal.close()


async def test_a_run_that_lost_its_runner_is_resumed_without_having_been_paused(tmp_path: Path) -> None:
    journal = Journal(url(tmp_path))
    try:
        await frozen(tmp_path, journal)
        reply = await journal.write(lambda c: verbs.resume(c, "R-1", actor="ann", carried=False))
        assert reply.state == "running"
        with pytest.raises(DRConsoleError, match="it is running; ann said resume"):
            await journal.write(lambda c: verbs.resume(c, "R-1", actor="bob", carried=True))
    finally:
        await journal.close()


async def test_a_failed_attempt_is_answered_once_even_where_both_saw_it(tmp_path: Path) -> None:
    """The journal's own uniqueness holds where the steps' states would not."""
    journal = Journal(url(tmp_path))
    try:
        await frozen(tmp_path, journal)
        await went(journal, {BOOT: "failed"})
        await journal.write(lambda c: verbs.retry(c, "R-1", (BOOT,), every=False, actor="ann"))
        await journal.write(lambda c: steps.set_states(c, "R-1", {BOOT: "failed"}))
        with pytest.raises(DRConsoleError, match="has been answered; ann said retry"):
            await journal.write(lambda c: verbs.retry(c, "R-1", (BOOT,), every=False, actor="bob"))
    finally:
        await journal.close()
