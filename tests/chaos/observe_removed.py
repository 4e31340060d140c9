"""The look before the act is taken away, handler by handler: some test must notice, or we say why not.

A runner dies right after an act; the next one is told "not so" when it looks, and acts again. The
ledger then has a repeated effect, or the device objects and the step fails. Where neither happens
the act itself must be one that can be repeated, and `REPEATABLE` says what makes it so.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.chaos.drills import Stuck, journal_of, lost, orders_of, rest, started
from tests.chaos.inside.orders import Orders, Point, heeded
from tests.chaos.row import Row
from tests.comparer.ledger import disorder
from tests.lab.evidence import seen
from tests.lab.own_lab import OwnLab, own_lab, roles

NAME = "look before act removed"
AIM = "each noticed, or repeatable"

SPEED = 600.0
AT_ONCE = 2
PATIENCE_S = 150.0

REPEATABLE: Mapping[str, str] = {}
"""Handlers whose act may be done twice, and what makes it harmless."""


class Target(NamedTuple):
    """A handler, and the first step of the drill or of its cleanup in which it acts."""

    handler: str
    key: str
    cleanup: bool


class Verdict(NamedTuple):
    """What noticed that a handler did not look; "" where nothing did."""

    target: Target
    noticed: str


async def row(long: bool) -> Row:
    """Takes the look away from each handler that acts in a small drill and its cleanup."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, heeded():
        targets = await asyncio.to_thread(_targets, Path(base) / "undisturbed")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            loop = asyncio.get_running_loop()
            return judged(
                await asyncio.gather(
                    *(
                        loop.run_in_executor(pool, _verdict, Path(base) / f"lab{number}", target)
                        for number, target in enumerate(targets)
                    )
                )
            )


def judged(verdicts: Sequence[Verdict]) -> Row:
    """Returns the row of all handlers."""
    noticed = {v.target.handler: v.noticed for v in verdicts if v.noticed}
    silent = [v.target.handler for v in verdicts if not v.noticed]
    odd = [handler for handler in silent if handler not in REPEATABLE]
    told = [f"{handler}: {how}" for handler, how in sorted(noticed.items())]
    told += [f"{handler}: unnoticed, {REPEATABLE.get(handler, 'WHY?')}" for handler in sorted(silent)]
    return Row(
        name=NAME,
        figure=f"{len(noticed)} noticed, {len(silent)} repeatable, {len(odd)} not known",
        aim=AIM,
        ok=bool(verdicts) and not odd,
        note="; ".join(told),
    )


def _targets(folder: Path) -> list[Target]:
    """Each handler that acts, by what the runners of an undisturbed drill noted."""
    with _lab(folder) as lab:
        orders_of(lab).order(Orders())
        run = _drilled(lab, cleanup=True)
        steps = {step.key: step for step in journal_of(lab).steps(run)}
        acted = [steps[line.key] for line in orders_of(lab).log("act")]
        first = {step.handler: step for step in reversed(acted)}
        return [Target(step.handler, step.key, step.cleanup) for step in first.values()]


def _verdict(folder: Path, target: Target) -> Verdict:
    try:
        with _lab(folder) as lab:
            kill = Point(target.key, "after-act")
            orders_of(lab).order(Orders(kill=(kill,), blind=(target.handler,)))
            return Verdict(target, _noticed(lab, target))
    except AssertionError as error:
        return Verdict(target, f"a command failed: {' '.join(str(error).split())[:100]}")


def _noticed(lab: OwnLab, target: Target) -> str:
    before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())
    try:
        run = _drilled(lab, cleanup=target.cleanup)
    except Stuck as stuck:
        return f"the step fails ({str(stuck)[:90]})"
    again = [step for step in journal_of(lab).events(run) if step.facts.get("state") == "failed"]
    view = lab.operator.json("run", "show", run)
    told = disorder(lab.ledger()[start:], roles(view))
    if told or again:
        return (told or [again[0].text])[0][:110]
    if target.cleanup:
        return ""
    outcome = lab.operator("run", "show", run, "--json")
    evidence = seen(lab, "drill", before, bare, start, outcome)
    return next(iter([*evidence.lost, *lost(evidence)]), "")[:110]


def _drilled(lab: OwnLab, *, cleanup: bool) -> str:
    """Carries a drill out, and its cleanup where that is what is asked for."""
    run = started(lab)
    rest(lab, run, "held", PATIENCE_S)
    if cleanup:
        lab.operator.json("run", "cleanup", run, "--detach")
        rest(lab, run, "done", PATIENCE_S)
    return run


@contextmanager
def _lab(folder: Path) -> Iterator[OwnLab]:
    with own_lab(folder, hosts=2, vms=6, targets=4, speed=SPEED) as lab:
        lab.captured()
        yield lab
