"""A real run takes what it needs from drills (DESIGN 4): free machines first, clones always, no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.comparer.leaves import Dump
from tests.comparer.ledger import Entry, disorder
from tests.lab.evidence import Evidence, seen
from tests.lab.moving import View, begun, shown, until
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab, roles

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class PreEmption:
    """`drill` is the drill's view after it was pre-empted, `evidence` the real run's."""

    lab: OwnLab
    drill: View
    planned: Outcome
    evidence: Evidence
    held: dict[str, str]
    cleanup: Outcome
    cleaned: list[Entry] = field(default_factory=list)
    targets_after: dict[str, tuple[str, Any]] = field(default_factory=dict)
    recovered_after: Dump = field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        """The drill's machines that the real run has."""
        return {m["target"] for m in self.evidence.view["machines"]} & set(self.held)


def pre_empted(lab: OwnLab, drill: str) -> PreEmption:
    """Recovers in earnest beside a drill, then cleans the drill up."""
    view = shown(lab, drill)
    held = {machine["target"]: machine["role"] for machine in view["machines"]}
    planned = lab.operator("plan", "pittsburgh", "--mode", "disaster")
    before, bare = lab.dump("protected"), lab.dump("recovered")
    lab.fault("site-gone")
    start = len(lab.ledger())
    outcome = lab.recover("disaster")
    evidence = seen(lab, "disaster", before, bare, start, outcome)
    after, end = shown(lab, drill), len(lab.ledger())
    cleanup = lab.operator("run", "cleanup", drill)
    return PreEmption(
        lab,
        after,
        planned,
        evidence,
        held,
        cleanup,
        lab.ledger()[end:],
        {t["name"]: (t["state"], t["run"]) for t in lab.operator.json("target", "list")},
        lab.dump("recovered"),
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreEmption]:
    """A held drill has four machines of six, and the real run needs four."""
    with own_lab(tmp_path_factory.mktemp("few"), hosts=2, vms=7, targets=6, speed=150) as lab:
        lab.captured()
        outcome = lab.recover("drill")
        assert outcome.code == 0, outcome.stderr[-2000:]
        yield pre_empted(lab, outcome.json["run"])


@pytest.fixture(scope="module")
def going_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreEmption]:
    """A drill is in the middle of its installs, one of which does not begin; there are machines for both."""
    with own_lab(tmp_path_factory.mktemp("going-on"), hosts=2, vms=7, targets=8, speed=150) as lab:
        lab.captured()
        matches = lab.operator.json("map", "pittsburgh")["matches"]
        server = next(match["target"] for match in matches if match["role"] == "management")
        lab.fault("never-netboots", f"machine={server}")
        drill = begun(lab, "drill")
        until(lab, drill, lambda view: view["stages"][3]["state"] == "running")
        yield pre_empted(lab, drill)


@pytest.mark.parametrize("which", ["few", "going_on"])
class TestBoth:
    """What holds whether the drill rests or goes on, and whether machines are taken or not."""

    @pytest.fixture
    def case(self, which: str, request: pytest.FixtureRequest) -> PreEmption:
        found: PreEmption = request.getfixturevalue(which)
        return found

    def test_the_real_run_succeeds_and_nothing_is_lost(self, case: PreEmption) -> None:
        assert case.evidence.outcome.code == 0, case.evidence.outcome.stderr[-2000:]
        assert case.evidence.view["state"] == "done"
        assert case.evidence.lost == []

    def test_the_plan_said_what_it_would_take(self, case: PreEmption) -> None:
        assert case.planned.code == 0
        assert f"drill {case.drill['run']}: is pre-empted" in case.planned.stderr
        assert "its clones of array1/prod-block, array2/prod-files are dropped" in case.planned.stderr

    def test_clones_are_dropped_once_before_the_groups_are_halted(self, case: PreEmption) -> None:
        effects = [(e.effect, e.object) for e in case.evidence.ledger]
        for group in ("r1/prod-block", "r2/prod-files"):
            assert effects.count(("drop-clone", group)) == 1
            assert effects.index(("drop-clone", group)) < effects.index(("halt", group))
        assert not [e for e in case.cleaned if e.effect in ("drop-clone", "unpresent", "promote", "halt")]

    def test_the_drill_never_acts_again_and_says_by_whom(self, case: PreEmption) -> None:
        assert case.drill["pre_empted_by"] == case.evidence.view["run"]
        report = case.lab.operator("run", "report", case.drill["run"]).stdout.decode()
        assert f"pre-empted by {case.evidence.view['run']} at 2" in report

    def test_its_own_machines_are_cleaned_up_and_the_others_are_left_alone(self, case: PreEmption) -> None:
        assert case.cleanup.code == 0, case.cleanup.stderr[-2000:]
        run = case.evidence.view["run"]
        used = {machine["target"] for machine in case.evidence.view["machines"]}
        assert {case.targets_after[target] for target in used} == {("in-service", run)}
        assert {state for name, (state, _) in case.targets_after.items() if name not in used} == {"free"}
        touched = {e.object.split("/")[1] for e in case.cleaned if e.object.startswith("machine/")}
        assert not touched & used

    def test_what_was_recovered_stands_as_before_the_drill_was_cleaned_up(self, case: PreEmption) -> None:
        standing = {guest["path"]: guest["power"] for guest in case.recovered_after["virtualMachine"]}
        assert standing == {g["path"]: g["power"] for g in case.evidence.after["virtualMachine"]}
        assert "on" in standing.values()

    def test_nothing_leaks_and_the_real_runs_order_holds(self, case: PreEmption) -> None:
        last = max(n for n, e in enumerate(case.evidence.ledger) if e.effect == "drop-clone")
        assert disorder(case.evidence.ledger[last:], roles(case.evidence.view)) == []


def test_with_too_few_free_machines_as_few_as_needed_are_taken(few: PreEmption) -> None:
    assert len(few.taken) == 2
    assert few.drill["state"] == "held"
    notes = {m["target"]: m["note"] for m in few.drill["machines"]}
    assert {t for t, note in notes.items() if "taken by" in note} == few.taken


def test_with_machines_enough_the_drills_stay_untouched(going_on: PreEmption) -> None:
    assert going_on.taken == set()
    assert going_on.drill["state"] == "cancelled"
    ledger = going_on.evidence.ledger
    after = ledger[max(n for n, e in enumerate(ledger) if e.effect == "drop-clone") :]
    touched = {e.object.split("/")[1] for e in after if e.effect in ("power-off", "power-on", "wipe")}
    assert not touched & set(going_on.held)
