"""Drills of a lab that are started and left to themselves: what is seen of them comes from files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.inside.orders import NAME, Orders, Place, Point
from tests.chaos.journal_file import JournalFile
from tests.comparer.ledger import disorder
from tests.lab.evidence import Evidence, seen
from tests.lab.own_lab import OwnLab

RESTS = frozenset({"held", "done", "failed", "cancelled", "waiting", "paused"})
POLL_S = 0.05


class Stuck(Exception):
    """A run that does not come to rest as it should; the text says how it stands."""


@dataclass(frozen=True)
class Drill:
    """A drill with its cleanup. `gaps` are the seconds from each death of a runner to the next one."""

    run: str
    evidence: Evidence
    wrong: list[str]
    gaps: list[float] = field(default_factory=list)
    unused: list[Point] = field(default_factory=list)

    @property
    def fidelity(self) -> dict[str, Any]:
        """What the run itself says of its fidelity, without the ids that devices give anew each time."""
        told = self.evidence.view["fidelity"]
        differences = [
            {word: value for word, value in each.items() if word != "recovered" or each["class"] == "lost"}
            for each in told["differences"]
        ]
        return {"matched": told["matched"], "total": told["total"], "differences": differences}


def journal_of(lab: OwnLab) -> JournalFile:
    """Returns the journal of a lab's configuration."""
    return JournalFile(lab.directory / "state" / "journal.db")


def orders_of(lab: OwnLab) -> Place:
    """Returns where the runners of a lab find their orders."""
    return Place(lab.directory / NAME)


def carried(lab: OwnLab, orders: Orders, *, patience_s: float) -> Drill:
    """Carries a drill and its cleanup out under orders and returns what there is to judge.

    Raises Stuck where either does not end well within `patience_s`.
    """
    orders_of(lab).order(orders)
    before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())
    run = started(lab)
    rest(lab, run, "held", patience_s)
    outcome = lab.operator("run", "show", run, "--json")
    evidence = seen(lab, "drill", before, bare, start, outcome)
    lab.operator.json("run", "cleanup", run, "--detach")
    rest(lab, run, "done", patience_s)
    entries = lab.ledger()[start:]
    return Drill(
        run=run,
        evidence=evidence,
        wrong=disorder(entries, evidence.roles) + evidence.lost + lost(evidence),
        gaps=gaps(lab, run),
        unused=list(orders_of(lab).orders().kill),
    )


def started(lab: OwnLab) -> str:
    """Starts a drill and returns its name."""
    outcome = lab.operator("recover", "pittsburgh", "--mode", "drill", "--detach")
    if outcome.code != 0:
        raise Stuck(f"no drill began: {outcome.stderr[-300:]}")
    return journal_of(lab).newest()


def rest(lab: OwnLab, run: str, wanted: str, patience_s: float) -> None:
    """Waits until a run is in the state `wanted`. Raises Stuck where it comes to another rest."""
    journal, until = journal_of(lab), time.monotonic() + patience_s
    while (row := journal.run(run))["state"] != wanted:
        stopped = row["state"] in RESTS - {"held"} or row["cleanup_state"] in ("waiting", "failed")
        if stopped or (wanted != "held" and row["cleanup_state"] is None) or time.monotonic() > until:
            raise Stuck(f"{run} is {row['state']}, cleanup {row['cleanup_state']}: {trouble(lab, run)}")
        time.sleep(POLL_S)


def trouble(lab: OwnLab, run: str) -> str:
    """Returns the steps of a run that are in the way, at most three, and its runner's last words."""
    found = [s for s in journal_of(lab).steps(run) if s.state in ("failed", "waiting", "running")]
    told = [f"{s.key} {s.state} {s.error}" for s in sorted(found, key=lambda s: s.state != "failed")]
    log = lab.directory / "state" / "runs" / run / "runner.log"
    words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return "; ".join([*told[:3], *words[-1:]])


def lost(evidence: Evidence) -> list[str]:
    """Returns what the comparer calls lost."""
    return [f"{d.where}: {d.captured} → {d.recovered}" for d in evidence.judgement.lost]


def gaps(lab: OwnLab, run: str) -> list[float]:
    """Returns the seconds from each runner's death to the moment at which the next one had the run."""
    taken = [event.at for event in journal_of(lab).takeovers(run)]
    deaths = [line.at for line in orders_of(lab).log("kill")]
    return [
        min((at for at in taken if at >= death - 0.001), default=death + 9999) - death for death in deaths
    ]
