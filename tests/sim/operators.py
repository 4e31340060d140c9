"""Operators: several, at random, each with what they saw a moment ago. In the end they mend everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import cast

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from drconsole.api.values import CommandReply
from drconsole.errors import DRConsoleError
from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.planning import keys
from drconsole.recovery import verbs
from drconsole.recovery.step_page import step_detail
from drconsole.recovery.uplinks import uplinks_of
from drconsole.recovery.verbs.uplinks import apply
from drconsole.recovery.view import run_view
from tests.sim.amending import Decide, allowed, given_up, reflagged, replaced, rolled

_AMENDMENTS = frozenset({"replace", "flags", "give-up", "roll-back", "allow"})
_ROLLED_BACK = 0.3
"""How often a trial that is reviewed is rolled back instead of applied."""
AT_REST = frozenset({"held", "done", "failed", "cancelled"})
Verb = Callable[[Connection], CommandReply] | Decide
"""Written in one transaction, or decided first and written then: an amendment."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator said, and what became of it: "" where it took effect, else the refusal."""

    actor: str
    run: str
    verb: str
    refusal: str


class Operator:
    """One of them. `mischief` is how often they say what does not fit."""

    def __init__(
        self,
        name: str,
        journal: Journal,
        random: Random,
        *,
        mischief: Callable[[], float],
        said: list[Said],
        ensure: Callable[[str], object],
        wish: Callable[[str], bool],
        needing: Callable[[], list[str]],
        amend: Callable[[str, Decide], Awaitable[None]],
    ) -> None:
        """`needing` gives the runs that one should look at, `ensure` sees to it that a runner stands,
        `wish` says whether a run at rest is to be cleaned."""
        self._name = name
        self._journal = journal
        self._random = random
        self._mischief = mischief
        self._said = said
        self._ensure = ensure
        self._wish = wish
        self._needing = needing
        self._amend = amend

    async def live(self) -> None:
        """Looks, thinks, and says something, for ever."""
        while True:
            await asyncio.sleep(self._random.uniform(1.0, 14.0))
            for run in self._needing():
                await self._attend(run)

    async def _attend(self, run: str) -> None:
        row = self._journal.read(lambda c: runs.find(c, run))
        cleaning = row.cleanup_state not in (None, "done", "failed")
        known = self._journal.read(lambda c: steps.load(c, row.id, cleanup=cleaning))
        seen = self._mend(row, known, cleaning=cleaning)
        if self._random.random() < self._mischief():
            seen = self._mischievous(row, known)
        if seen is None:
            return
        await asyncio.sleep(self._random.uniform(0.0, 2.0))
        await self._say(row.id, *seen)

    def _mend(self, row: RunRow, known: dict[str, StepRow], *, cleaning: bool) -> tuple[str, Verb] | None:
        """What a sensible operator says to what they see."""
        if row.state in AT_REST and not cleaning:
            wished = row.cleanup_state == "failed" or self._wish(row.id)
            if row.cleanup_state != "done" and wished and row.mode == "drill":
                return "cleanup", lambda c: verbs.cleanup(c, row.id, actor=self._name)
            return None
        if row.paused_by is not None:
            return "resume", lambda c: verbs.resume(c, row.id, actor=self._name)
        waiting = [key for key, step in known.items() if step.state == "waiting"]
        if reviewed := [key for key in waiting if known[key].step.asks]:
            return self._review(row, known[self._random.choice(reviewed)])
        if waiting:
            return "approve", lambda c: verbs.approve(c, row.id, waiting[0], actor=self._name)
        failed = [key for key, step in known.items() if step.state == "failed"]
        if not failed:
            return None
        name = self._random.choice(failed)
        host = known[name].step.object
        if name == keys.uplinks_tried(host) and known[name].step.arguments.get("refused"):
            return "allow", allowed(host)
        if self._random.random() < 0.05:
            return "skip", lambda c: verbs.skip(c, row.id, name, reason="given up", actor=self._name)
        every = self._random.random() < 0.5
        return "retry", lambda c: verbs.retry(c, row.id, (name,), every=every, actor=self._name)

    def _review(self, row: RunRow, asked: StepRow) -> tuple[str, Verb]:
        host = asked.step.object
        if self._random.random() < _ROLLED_BACK:
            return "roll-back", rolled(host)
        hosts = (host,) if self._random.random() < 0.5 else ()
        return "apply", lambda c: apply(c, row.id, hosts, actor=self._name)

    def _mischievous(self, row: RunRow, known: dict[str, StepRow]) -> tuple[str, Verb]:
        name = self._random.choice(sorted(known)) if known else "no/such/step"
        choices: dict[str, Verb] = {
            "approve": lambda c: verbs.approve(c, row.id, name, actor=self._name),
            "retry": lambda c: verbs.retry(c, row.id, (name,), every=False, actor=self._name),
            "skip": lambda c: verbs.skip(c, row.id, name, reason="for fun", actor=self._name),
            "cancel": lambda c: verbs.cancel(c, row.id, reason="changed our mind", actor=self._name),
            "cleanup": lambda c: verbs.cleanup(c, row.id, actor=self._name),
            "pause": lambda c: verbs.pause(c, row.id, actor=self._name),
            "resume": lambda c: verbs.resume(c, row.id, actor=self._name),
            "replace": replaced(self._random),
            "flags": reflagged(self._random),
            "give-up": given_up(name),
        }
        if any(step.step.asks for step in known.values()):
            host = known[name].step.object
            choices |= {
                "apply": lambda c: apply(c, row.id, (host,), actor=self._name),
                "roll-back": rolled(host),
                "allow": allowed(host),
            }
        if self._random.random() < 0.3:
            self._journal.read(lambda c: uplinks_of(c, row.id))
            self._journal.read(lambda c: run_view(c, row.id))
            if known:
                self._journal.read(lambda c: step_detail(c, row.id, name))
        verb = self._random.choice(sorted(choices))
        return verb, choices[verb]

    async def _say(self, run: str, verb: str, work: Verb) -> None:
        refusal = ""
        try:
            if verb in _AMENDMENTS:
                await self._amend(run, cast("Decide", work))
            else:
                await self._journal.write(cast("Callable[[Connection], CommandReply]", work))
        except DRConsoleError as error:
            refusal = f"{type(error).__name__}: {error}"
        except SQLAlchemyError as error:
            refusal = f"UNEXPECTED {error}"
        self._said.append(Said(actor=self._name, run=run, verb=verb, refusal=refusal))
        if not refusal:
            self._ensure(run)
