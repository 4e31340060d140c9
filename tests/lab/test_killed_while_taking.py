"""Runners that die while a site is moved, and while a drill is pre-empted: each effect happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.model.step import step_key
from drconsole.planning import keys
from tests.chaos.drills import orders_of
from tests.chaos.inside.orders import Orders, Point, heeded
from tests.comparer.ledger import Entry, disorder
from tests.lab.moving import begun, in_state, shown, until
from tests.lab.own_lab import OwnLab, own_lab, roles

pytestmark = [pytest.mark.timeout(240), pytest.mark.long]

BLOCK, FILES = "array1/prod-block", "array2/prod-files"
RESTS = in_state("done", "held", "failed", "cancelled", "waiting")


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OwnLab]:
    targets: int = request.param
    with heeded(), own_lab(tmp_path / "lab", hosts=2, vms=7, targets=targets, speed=150) as found:
        found.captured()
        yield found


def twice(entries: list[Entry], *effects: str) -> list[tuple[str, str]]:
    """What happened more than once of these effects."""
    counted = Counter((e.effect, e.object) for e in entries if e.effect in effects)
    return [what for what, times in counted.items() if times > 1]


@pytest.mark.parametrize("lab", [4], indirect=True)
def test_a_planned_run_is_taken_up_at_every_turn_of_its_halt(lab: OwnLab) -> None:
    guest = next(
        g["id"] for g in lab.operator.json("select", "pittsburgh")["verdicts"] if g["name"] == "db-02"
    )
    points = (
        Point(keys.shut_down(guest), "after-act"),
        Point(keys.synced(BLOCK), "after-intent"),
        Point(keys.synced(FILES), "after-act"),
        Point(keys.halted(BLOCK), "after-act"),
        Point(keys.fenced(FILES), "after-act"),
        Point(keys.fenced(BLOCK), "after-result"),
    )
    orders_of(lab).order(Orders(kill=points))
    run = begun(lab, "planned")
    view = until(lab, run, RESTS, within_s=150)
    assert view["state"] == "done", {s["key"]: s["error"] for s in view["steps"] if s["error"]}
    assert orders_of(lab).orders().kill == ()
    ledger = lab.ledger()
    assert twice(ledger, "power-off-guest", "halt", "fence", "promote", "power-on-guest") == []
    assert disorder(ledger, roles(view)) == []
    assert view["rpo_s"] == 0.0
    last_off = max(n for n, e in enumerate(ledger) if e.effect == "power-off-guest")
    first_halt = min(n for n, e in enumerate(ledger) if e.effect == "halt")
    assert last_off < first_halt


@pytest.mark.parametrize("lab", [6], indirect=True)
def test_a_pre_emption_is_finished_by_whoever_takes_it_up(lab: OwnLab) -> None:
    orders_of(lab).order(Orders())
    drill = begun(lab, "drill")
    assert until(lab, drill, RESTS, within_s=100)["state"] == "held"
    start = len(lab.ledger())
    points = (
        Point(step_key("preflight", drill, "pre-empt"), "after-act"),
        Point(step_key("preflight", drill, "pre-empt"), "after-result"),
        Point(step_key("preflight", drill, "stop-guests"), "after-act"),
        Point(step_key("preflight", BLOCK, "drop-clones"), "after-act"),
        Point(step_key("preflight", FILES, "claim"), "after-act"),
        Point(step_key("preflight", FILES, "claim"), "after-result"),
    )
    orders_of(lab).order(Orders(kill=points))
    run = begun(lab, "planned")
    view = until(lab, run, RESTS, within_s=150)
    assert view["state"] == "done", {s["key"]: s["error"] for s in view["steps"] if s["error"]}
    assert orders_of(lab).orders().kill == ()
    ledger = lab.ledger()[start:]
    assert twice(ledger, "drop-clone", "halt", "promote", "power-on-guest") == []
    assert {e.object for e in ledger if e.effect == "drop-clone"} == {"r1/prod-block", "r2/prod-files"}
    assert not [e for e in ledger if e.effect == "leak"]
    assert shown(lab, drill)["pre_empted_by"] == run
    assert lab.operator("run", "cleanup", drill).code == 0
    left = {t["name"] for t in lab.operator.json("target", "list") if t["state"] != "free"}
    assert left == {machine["target"] for machine in view["machines"]}
