"""One drill on which every fault of the lab falls, one after the other, each mended by the operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.comparer.leaves import Dump
from tests.comparer.ledger import Entry
from tests.lab.evidence import Evidence, seen
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab

View = dict[str, Any]


@dataclass
class Day:
    """What was seen: `waits` are the run as it waited, in order; `said` what the commands printed."""

    machines: dict[str, str]
    waits: dict[str, View] = field(default_factory=dict)
    said: dict[str, Outcome] = field(default_factory=dict)
    end: Evidence | None = None
    cleanup: Outcome | None = None
    ledger: list[Entry] = field(default_factory=list)
    recovered_after: Dump = field(default_factory=dict)


def bad_day(lab: OwnLab, folder: Path) -> Day:
    """Plays the day in a captured world of two hosts and returns what was seen."""
    operator, mapping = lab.operator, folder / "mapping.xml"
    assert operator("map", "pittsburgh", "--out", mapping).code == 0
    matches = operator.json("map", "pittsburgh")["matches"]
    day = Day({match["name"]: match["target"] for match in matches})
    first, second, server = (f"machine={day.machines[name]}" for name in _names(day))
    before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())

    lab.fault("site-gone")
    day.said["site-gone"] = operator("capture", "pittsburgh")
    lab.fault("array-refuses", "array=r1", "verb=clone")
    day.said["array-refuses"] = lab.recover("drill", "--mapping", mapping)
    day.waits["array-refuses"] = day.said["array-refuses"].json
    run = day.waits["array-refuses"]["run"]

    def mend(name: str, *steps: str) -> None:
        """The operator's verb, and the run as it rests again."""
        day.said[f"retry {name}"] = operator("run", "retry", run, *(steps or ["--all"]))
        outcome = operator("run", "attach", run, "--json")
        day.said[f"after {name}"], day.waits[f"after {name}"] = outcome, outcome.json

    lab.fault("array-refuses", "clear=true")
    lab.fault("bmc-silent", first)
    lab.fault("never-netboots", second)
    lab.fault("install-fails", server)
    mend("array-refuses")

    lab.fault("bmc-silent", "clear=true")
    lab.fault("never-netboots", "clear=true")
    failed = [step["key"] for step in day.waits["after array-refuses"]["steps"] if step["state"] == "failed"]
    mend("bmc-silent and never-netboots", *(key for key in failed if "/vc-01/" not in key))

    lab.fault("install-fails", "clear=true")
    lab.fault("uplink-down", first)
    mend("install-fails")

    lab.fault("uplink-down", "clear=true")
    lab.fault("task-fails", "method=AddHost_Task")
    mend("uplink-down")

    lab.fault("task-fails", "clear=true")
    lab.fault("vcenter-session-expires", "times=3")
    mend("task-fails")

    lab.fault("site-gone", "clear=true")
    day.end = seen(lab, "drill", before, bare, start, day.said["after task-fails"], mapping=mapping)
    day.cleanup = operator("run", "cleanup", run, "--json")
    day.said["mended site"] = operator("capture", "pittsburgh")
    day.recovered_after = lab.dump("recovered")
    day.ledger = lab.ledger()[start:]
    return day


def _names(day: Day) -> tuple[str, str, str]:
    first, second = sorted(name for name in day.machines if name.startswith("esx-"))
    return first, second, "vc-01"
