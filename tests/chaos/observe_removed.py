"""The look before the act is taken away, handler by handler: some test must notice, or we say why not.

A runner dies right after an act; the next one is told "not so" when it looks, and acts again. The
ledger then has an effect once more than undisturbed, or the device objects and the step fails. Where
neither happens the act itself must be one that can be repeated, and `REPEATABLE` says what makes it so.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.chaos.drills import Stuck, journal_of, orders_of, rest, started
from tests.chaos.inside.orders import Orders, Point, heeded
from tests.chaos.row import Row
from tests.comparer.ledger import disorder
from tests.lab.own_lab import OwnLab, own_lab, roles

NAME = "look before act removed"
AIM = "each noticed, or repeatable"

SPEED = 600.0
AT_ONCE = 2
PATIENCE_S = 150.0

_REFUSED = "the server refuses a second one, and the refusal is looked into"
_LOOKS = "the act reads how it stands and does only what lacks"
_TOKEN = "the array tells a repeat by its token, and leaves what is so already"
_WAITS = "the act itself changes nothing where the machine is on its way"

REPEATABLE: Mapping[str, str] = {
    **dict.fromkeys(("vsphere.folder", "vsphere.cluster", "vsphere.distributed-switch"), _REFUSED),
    **dict.fromkeys(("vsphere.add-host", "vsphere.register", "vsphere.power-on"), _REFUSED),
    **dict.fromkeys(("vsphere.datacenters", "vsphere.settings", "vsphere.vmkernel"), _LOOKS),
    **dict.fromkeys(("vsphere.switches", "vsphere.port-groups", "vsphere.connect-guest"), _LOOKS),
    **dict.fromkeys(("vsphere.mount-nfs", "vsphere.mount-vmfs", "vsphere.apply-uplinks"), _LOOKS),
    **dict.fromkeys(("vsphere.power-off", "provision.power-off"), _LOOKS),
    **dict.fromkeys(("replication.halt", "replication.present", "replication.unpresent"), _TOKEN),
    "replication.test-stop": _TOKEN,
    **dict.fromkeys(("provision.install", "provision.ready"), _WAITS),
    "vsphere.unregister": "a guest that is gone is not found, and the next look says so",
    "recovery.capture": "reading a site changes nothing",
}
"""Handlers whose act may be done twice, and what makes it harmless."""

_OWN_NAMES = "/datastore/snap-"
"""A copy of a volume is named by whoever mounts it first: such names differ between two drills."""


class Target(NamedTuple):
    """A handler, and the first step of the drill or of its cleanup in which it acts."""

    handler: str
    key: str
    cleanup: bool


Effects = Counter[tuple[str, str]]
"""How often the world had an effect on an object."""


class Undisturbed(NamedTuple):
    """The handlers that act in a drill that nothing disturbs, and its effects: held, and cleaned up."""

    targets: Sequence[Target]
    held: Effects
    done: Effects


class Verdict(NamedTuple):
    """What noticed that a handler did not look; "" where nothing did."""

    target: Target
    noticed: str


async def row(long: bool) -> Row:
    """Takes the look away from each handler that acts in a small drill and its cleanup."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, heeded():
        model = await asyncio.to_thread(_undisturbed, Path(base) / "undisturbed")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            loop = asyncio.get_running_loop()
            return judged(
                await asyncio.gather(
                    *(
                        loop.run_in_executor(pool, _verdict, Path(base) / f"lab{number}", target, model)
                        for number, target in enumerate(model.targets)
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


def _undisturbed(folder: Path) -> Undisturbed:
    """What runners note and what the ledger has where nothing dies."""
    with _lab(folder) as lab:
        orders_of(lab).order(Orders())
        start = len(lab.ledger())
        run = _held(lab)
        held = _effects(lab, start)
        _cleaned(lab, run)
        steps = {step.key: step for step in journal_of(lab).steps(run)}
        acted = [steps[line.key] for line in orders_of(lab).log("act")]
        first = {step.handler: step for step in reversed(acted)}
        targets = [Target(step.handler, step.key, step.cleanup) for step in first.values()]
        return Undisturbed(targets, held, _effects(lab, start))


def _effects(lab: OwnLab, start: int) -> Effects:
    """Counts effects since a line of the ledger, but for replication, which goes on by itself."""
    entries = lab.ledger()[start:]
    told = ((e.effect, e.object) for e in entries if e.effect != "write-volume")
    return Counter(pair for pair in told if _OWN_NAMES not in pair[1])


def _verdict(folder: Path, target: Target, model: Undisturbed) -> Verdict:
    try:
        with _lab(folder) as lab:
            kill = Point(target.key, "after-act")
            orders_of(lab).order(Orders(kill=(kill,), blind=(target.handler,)))
            return Verdict(target, _noticed(lab, target, model))
    except AssertionError as error:
        return Verdict(target, f"a command failed: {' '.join(str(error).split())[:100]}")


def _noticed(lab: OwnLab, target: Target, model: Undisturbed) -> str:
    start = len(lab.ledger())
    try:
        run = _held(lab)
        if target.cleanup:
            _cleaned(lab, run)
    except Stuck as stuck:
        return f"the step fails ({str(stuck)[:90]})"
    failed = [event for event in journal_of(lab).events(run) if event.facts.get("state") == "failed"]
    if failed:
        return f"a step failed on the way ({failed[0].text[:90]})"
    view = lab.operator.json("run", "show", run)
    if told := disorder(lab.ledger()[start:], roles(view)):
        return told[0][:110]
    more = _effects(lab, start) - (model.done if target.cleanup else model.held)
    if more:
        (effect, where), _ = more.most_common(1)[0]
        return f"{effect} of {where[-60:]} once more than undisturbed"
    changed = [d["path"] for d in view["fidelity"]["differences"] if d["class"] == "lost"]
    return f"lost: {changed[0]}" if changed else ""


def _held(lab: OwnLab) -> str:
    run = started(lab)
    rest(lab, run, "held", PATIENCE_S)
    return run


def _cleaned(lab: OwnLab, run: str) -> None:
    lab.operator.json("run", "cleanup", run, "--detach")
    rest(lab, run, "done", PATIENCE_S)


@contextmanager
def _lab(folder: Path) -> Iterator[OwnLab]:
    with own_lab(folder, hosts=2, vms=6, targets=4, speed=SPEED) as lab:
        lab.captured()
        yield lab
