"""A recovery from its capture to its cleanup, and everything that was seen of it on the way.

It is gathered once a session, by command alone; tests then only read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.comparer.fidelity import Judgement, judge
from tests.comparer.leaves import Dump
from tests.comparer.ledger import Entry
from tests.comparer.setting import Setting, read_setting
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, roles

SITE = "pittsburgh"


@dataclass(frozen=True)
class Evidence:
    """`before` and `bare` are the protected and the recovery side before the run, `after` the latter
    as the run rests; `ledger` is of the run, `cleaned` of its cleanup. `targets` are the pool's lines,
    `told` is the report for people.
    """

    directory: Path
    before: Dump
    bare: Dump
    after: Dump
    setting: Setting
    outcome: Outcome
    ledger: Sequence[Entry]
    targets: Sequence[dict[str, Any]]
    report: dict[str, Any] = field(default_factory=dict)
    told: str = ""
    cleanup: Outcome | None = None
    cleaned: Sequence[Entry] = ()
    protected_after: Dump = field(default_factory=dict)
    recovered_after: Dump = field(default_factory=dict)
    targets_after: Sequence[dict[str, Any]] = ()

    @property
    def view(self) -> dict[str, Any]:
        """The run as `recover` printed it when it rested."""
        found: dict[str, Any] = self.outcome.json
        return found

    @property
    def lost(self) -> list[str]:
        """What the run itself calls lost."""
        differences = self.view["fidelity"]["differences"]
        lost = [found for found in differences if found["class"] == "lost"]
        return [f"{found['path']}: {found['captured']!r} → {found['recovered']!r}" for found in lost]

    @property
    def judgement(self) -> Judgement:
        """What the comparer says of it."""
        return judge(self.before, self.after, self.setting)

    @property
    def roles(self) -> dict[str, str]:
        """Target → what it has to become."""
        return roles(self.view)

    def steps(self, state: str) -> list[str]:
        """Keys of the run's steps in a state."""
        return [step["key"] for step in self.view["steps"] if step["state"] == state]


def gather(lab: OwnLab, mode: str, *, mapping: Path | None = None, selection: Path | None = None) -> Evidence:
    """Recovers a captured lab's site and returns the evidence of it, before any cleanup."""
    before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())
    words: list[str | Path] = []
    for option, file in (("--mapping", mapping), ("--selection", selection)):
        words += [option, file] if file else []
    return seen(
        lab, mode, before, bare, start, lab.recover(mode, *words), mapping=mapping, selection=selection
    )


def seen(
    lab: OwnLab,
    mode: str,
    before: Dump,
    bare: Dump,
    start: int,
    outcome: Outcome,
    *,
    mapping: Path | None = None,
    selection: Path | None = None,
) -> Evidence:
    """Returns the evidence of a run that rests; `start` is the ledger's length before it."""
    return Evidence(
        directory=lab.directory,
        before=before,
        bare=bare,
        after=lab.dump("recovered"),
        setting=_setting(lab, mode, before, outcome, mapping, selection),
        outcome=outcome,
        ledger=lab.ledger()[start:],
        targets=lab.operator.json("target", "list"),
        report=lab.operator.json("run", "report", "latest"),
        told=lab.operator("run", "report", "latest").stdout.decode(),
    )


def _setting(
    lab: OwnLab, mode: str, before: Dump, outcome: Outcome, mapping: Path | None, selection: Path | None
) -> Setting:
    """Where no mapping was given, the run chose the targets: it says so itself."""
    assert outcome.stdout, f"no run began:\n{outcome.stderr}"
    chosen = {machine["protected"]: machine["target"] for machine in outcome.json["machines"]}
    named = {
        item["path"]: chosen.get(item["name"], "") for item in (*before["host"], *before["physicalServer"])
    }
    return read_setting(
        lab.configuration,
        mode,
        before,
        mapping=mapping,
        selection=selection,
        metal=lab.metal(),
        targets=named,
    )
