"""A lab of a test's own, operated by command alone, and what can be learnt of it without the product."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.comparer.leaves import Dump
from tests.comparer.ledger import Entry, read_ledger
from tests.comparer.setting import Nic
from tests.lab.operator import Operator, Outcome

ENDS_WITHIN_S = 5.0
PATIENCE_S = {"probe-protected": 0.0}
"""Deadlines that stay as the lab wrote them: a disaster's one probe is meant to be short."""


@dataclass(frozen=True)
class OwnLab:
    """A running lab with the configuration that it wrote."""

    directory: Path

    @property
    def configuration(self) -> Path:
        return self.directory / "drconsole.toml"

    @property
    def operator(self) -> Operator:
        return Operator(self.configuration)

    def captured(self) -> str:
        """Captures the site, probes the pool, and returns the snapshot's id."""
        entry = self.operator.json("capture", "pittsburgh")
        self.operator.json("target", "check")
        return str(entry["id"])

    def recover(self, mode: str, *words: str | Path) -> Outcome:
        """Runs a whole recovery; what it prints is the run as it rests."""
        confirmed = () if mode == "drill" else ("--confirm", "pittsburgh")
        return self.operator(
            "recover", "pittsburgh", "--mode", mode, *confirmed, *words, "--json", timeout=110
        )

    def dump(self, side: str) -> Dump:
        """What stands on a side, by the world itself."""
        found: Dump = self.operator.json("lab", "dump", "--dir", self.directory, "--side", side)
        return found

    def ledger(self) -> list[Entry]:
        return read_ledger(self.directory / "ledger.jsonl")

    def fault(self, name: str, *arguments: str) -> None:
        """Breaks something, or mends it with `clear=true`."""
        self.operator.json("lab", "fault", "--dir", self.directory, name, *arguments)

    def metal(self) -> dict[str, dict[str, Nic]]:
        """Target → NIC → what the machine itself says: MACs by its BMC, links by its cables."""
        status = self.operator.json("lab", "status", "--dir", self.directory)
        links = {machine["name"]: machine["links"] for machine in status["machines"]}
        return {
            target["name"]: {
                f"vmnic{number}": Nic(nic["mac"], links[target["name"]][f"vmnic{number}"])
                for number, nic in enumerate(target["hardware"]["nics"])
            }
            for target in self.operator.json("target", "list")
        }


@contextmanager
def own_lab(
    directory: Path, *, deadlines: Mapping[str, float] | None = None, **world: float
) -> Iterator[OwnLab]:
    """Runs a lab, and ends it, its service and its runners by their pids on the way out.

    The deadlines in its configuration are made to fit a busy machine, but for those given here.
    """
    directory.mkdir(parents=True, exist_ok=True)
    words = [word for name, value in world.items() for word in (f"--{name}", f"{value:g}")]
    started = Operator(None)("lab", "up", "--dir", directory, *words, "--detach", "--json")
    assert started.code == 0, started.stderr
    lab = OwnLab(directory)
    try:
        _be_patient(lab.configuration, deadlines or {})
        yield lab
    finally:
        end_processes(directory)


def _be_patient(configuration: Path, given: Mapping[str, float]) -> None:
    """What a fast lab allows in seconds of its own clock, a machine with other work cannot keep."""
    before, _, kinds = configuration.read_text(encoding="utf-8").partition("[deadlines]\n")
    told = dict(line.split(" = ") for line in kinds.splitlines() if " = " in line)
    wanted = {kind: given.get(kind, max(float(told[kind]), PATIENCE_S.get(kind, 30.0))) for kind in told}
    lines = [f"{kind} = {seconds}" for kind, seconds in wanted.items()]
    configuration.write_text("\n".join((f"{before}[deadlines]", *lines, "")), encoding="utf-8")


def end_processes(directory: Path) -> None:
    """Ends, by pid, every process that was started for this very directory, and waits for them.

    A service that is asked last may have started one more runner meanwhile: until none is left.
    """
    while found := processes_of(directory):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        _, alive = psutil.wait_procs(found, timeout=ENDS_WITHIN_S)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=ENDS_WITHIN_S)


def processes_of(directory: Path) -> list[psutil.Process]:
    """Returns labs, services and runners whose command line names the directory or what lies in it."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "drconsole." in " ".join(process.info["cmdline"] or ())
        and any(f"{directory}/" in word or f'"{directory}"' in word for word in process.info["cmdline"])
    ]


def still(dump: Dump) -> Dump:
    """A dump without what goes on by itself: replication writes blocks all the time."""
    found: Dump = copy.deepcopy(dump)
    for volume in found["volume"]:
        del volume["block"]
    return found


def roles(view: dict[str, Any]) -> dict[str, str]:
    """Target → what it has to become, of a run's hosts and its management server."""
    became = {"host": "hypervisor", "management": "management"}
    return {m["target"]: became[m["role"]] for m in view["machines"] if m["role"] in became}
