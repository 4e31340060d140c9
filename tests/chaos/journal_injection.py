"""SIGKILL, ENOSPC and EIO at the system calls of the journal's files, while a run goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.injection import KINDS, Blow, counted, struck, traced
from tests.chaos.inside import small_run
from tests.chaos.journal_file import JournalFile
from tests.chaos.row import Row

NAME = "journal's system calls"
AIM = "all go on or say why, 0 lost"

POINTS = 300
LONG_POINTS = 3000
SEED = 20261122
AT_ONCE = 2
ENDS_WITHIN_S = 40.0
FILES = ("journal.db", "journal.db-wal", "journal.db-shm")
UNSEEN = 255
"""What multiprocessing says where its fork server lost a status; the product has no such exit code."""

_UNSEEN_TOLD = "ended unseen"

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.chaos.inside.small_run"])
"""Runners are real processes, but none has to import the product again."""


@dataclass
class Outcome:
    """What became of one blow: how the runner ended, and what is wrong with it."""

    blow: Blow
    ended: str = ""
    dealt: bool = False
    wrong: list[str] = field(default_factory=list)


async def row(long: bool) -> Row:
    """Deals seeded blows, each to a run of its own, and takes the run up again after each."""
    if shutil.which("strace") is None:
        return Row(name=NAME, figure="not measured", aim=AIM, ok=False, note="STRACE IS NOT INSTALLED")
    with tempfile.TemporaryDirectory(prefix="chaos-") as base:
        return await asyncio.to_thread(_measured, Path(base), LONG_POINTS if long else POINTS)


def _measured(base: Path, count: int) -> Row:
    template = base / "template"
    template.mkdir()
    asyncio.run(small_run.prepare(template))
    calls = _calls(template, base / "counting")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        blows = chosen(calls, count)
        outcomes = list(pool.map(lambda job: _dealt(template, base / f"p{job[0]}", job[1]), enumerate(blows)))
    return judged(outcomes, calls)


def chosen(calls: Counter[str], count: int) -> list[Blow]:
    """Draws blows: each kind at each call that SQLite makes, at any of its times."""
    draw = random.Random(SEED)
    pairs = [(call, kind) for call in sorted(calls) for kind in KINDS]
    return [
        Blow(call, kind, draw.randint(1, calls[call]), stays=kind != "SIGKILL" and draw.random() < 0.5)
        for call, kind in (pairs[n % len(pairs)] for n in range(count))
    ]


def judged(outcomes: Sequence[Outcome], calls: Counter[str]) -> Row:
    """Returns the row of what became of all blows."""
    wrong = [f"{o.blow.told}: {sentence}" for o in outcomes for sentence in o.wrong]
    endings = Counter(outcome.ended for outcome in outcomes)
    dealt = sum(outcome.dealt for outcome in outcomes)
    told = ", ".join(f"{times} {ending}" for ending, times in endings.most_common())
    made = " ".join(f"{call}×{times}" for call, times in sorted(calls.items()))
    return Row(
        name=NAME,
        figure=f"{len(outcomes)} points, {len(wrong)} wrong",
        aim=AIM,
        ok=not wrong and dealt > len(outcomes) * 0.9,
        note="; ".join([f"{dealt} dealt: {told}; of {made}", *wrong[:4]]),
    )


def _calls(template: Path, folder: Path) -> Counter[str]:
    """How often an undisturbed run makes each call: its files' are the only ones counted."""
    outcome = Outcome(Blow("", "EIO", 0, stays=False))
    shutil.copytree(template, folder)
    _run(folder, outcome, traces=True)
    if outcome.wrong:
        raise RuntimeError("; ".join(outcome.wrong))
    return counted(folder / "trace")


def _dealt(template: Path, folder: Path, blow: Blow) -> Outcome:
    outcome = Outcome(blow)
    shutil.copytree(template, folder)
    outcome.ended = _run(folder, outcome, traces=True)
    outcome.dealt = struck(folder / "trace")
    outcome.wrong += _forgotten(folder)
    again = _run(folder, outcome, traces=False)
    if again == _UNSEEN_TOLD:
        again = _run(folder, outcome, traces=False)
    if again != "went on":
        outcome.wrong.append(f"taken up again it {again}")
    outcome.wrong += _unfinished(folder)
    if not outcome.wrong:
        shutil.rmtree(folder)
    return outcome


def _run(folder: Path, outcome: Outcome, *, traces: bool) -> str:
    """One runner's life, in words; what must not be is put into the outcome."""
    here, there = _FORK.Pipe()
    process = _FORK.Process(target=small_run.carry, args=(str(folder), there if traces else None))
    process.start()
    try:
        with ExitStack() as stack:
            if traces:
                blow = outcome.blow if outcome.blow.call else None
                files = [folder / name for name in FILES]
                stack.enter_context(traced(process.pid or 0, files, folder / "trace", blow))
                here.send(None)
            process.join(ENDS_WITHIN_S)
    finally:
        hangs = process.is_alive()
        process.kill()
        process.join()
        here.close()
        there.close()
    return _ending(folder, outcome, None if hangs else process.exitcode)


def _ending(folder: Path, outcome: Outcome, code: int | None) -> str:
    said = (folder / small_run.SAID).read_text(errors="replace").strip()
    if code is None:
        outcome.wrong.append(f"hung for {ENDS_WITHIN_S:.0f} s")
        return "hung"
    if code == 0 and not said:
        return "went on"
    if code == -9:
        return "was killed"
    if code == UNSEEN and not said:
        return _UNSEEN_TOLD
    if code == 1 and said.startswith(f"runner of {small_run.RUN}: ") and "\n" not in said:
        return "said why it stopped"
    outcome.wrong.append(f"ended with {code}: {said[-160:]!r}")
    return "ended badly"


def _forgotten(folder: Path) -> list[str]:
    """Acknowledged steps that the journal no longer knows, looked for in a copy of its files."""
    copy = folder / "copy"
    copy.mkdir()
    for name in FILES[:2]:
        if (folder / name).exists():
            shutil.copy(folder / name, copy / name)
    journal = JournalFile(copy / FILES[0])
    done = {step.key for step in journal.steps(small_run.RUN) if step.state == "done"}
    noted = folder / small_run.ACKNOWLEDGED
    lost = set(noted.read_text().splitlines() if noted.exists() else ()) - done
    sound = journal.sound()
    return [f"LOST {key}" for key in sorted(lost)] + ([] if sound == "ok" else [f"not sound: {sound}"])


def _unfinished(folder: Path) -> list[str]:
    """What is not as it is after an undisturbed run."""
    journal, found = JournalFile(folder / FILES[0]), []
    state, sound = journal.run(small_run.RUN)["state"], journal.sound()
    effects = Counter((folder / "world").read_text().splitlines())
    if state != "held" or sound != "ok":
        found.append(f"the run is {state}, its journal {sound}")
    wanted = small_run.keys()
    if effects != Counter(wanted):
        odd = {key: effects[key] for key in wanted if effects[key] != 1}
        found.append(f"effects other than once: {odd}")
    return found
