"""The protected site is lost in the middle of a planned run: early, the operator takes the disaster's way;
late, the run goes on once the operator has said that the site is gone. Asked is once, not for each guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.comparer.ledger import disorder
from tests.lab.moving import begun, in_state, shown, steps, until
from tests.lab.own_lab import own_lab, roles

pytestmark = pytest.mark.timeout(240)


def test_lost_while_guests_go_down_it_is_given_up_and_a_disaster_run_takes_over(tmp_path: Path) -> None:
    patient = {"shut-down": 60, "probe-protected": 2}
    with own_lab(tmp_path / "lab", hosts=2, vms=7, targets=4, speed=150, deadlines=patient) as lab:
        lab.captured()
        lab.fault("guest-hangs", "guest=shop-web")
        run = begun(lab, "planned")
        until(lab, run, lambda view: len(steps(view, "shut-down", "done")) == 4)
        lab.fault("site-gone")
        view = until(lab, run, in_state("waiting"))
        assert len(steps(view, "shut-down", "waiting")) == 1
        told = lab.operator("run", "attach", run)
        assert told.code == 6
        assert "gives no clear answer" in told.stderr

        assert lab.operator("run", "cancel", run).code == 0
        view = until(lab, run, in_state("cancelled"))
        left = {found["name"]: found["state"] for found in view["standing"] if found["kind"] == "guest"}
        assert set(left) == {"shop-db", "shop-web", "db-02", "app-01"}
        assert "perhaps" in left["shop-web"]
        assert "perhaps" not in left["shop-db"]
        report = lab.operator("run", "report", run).stdout.decode()
        assert "shop-db" in report

        outcome = lab.recover("disaster")
        assert outcome.code == 0, outcome.stderr[-2000:]
        assert outcome.json["state"] == "done"


def test_lost_after_the_halt_one_answer_lets_every_guest_start(tmp_path: Path) -> None:
    with own_lab(tmp_path / "lab", hosts=2, vms=7, targets=4, speed=150) as lab:
        lab.captured()
        run = begun(lab, "planned")
        until(lab, run, lambda view: next(s for s in view["stages"] if s["name"] == "map")["state"] == "done")
        lab.fault("site-gone")
        view = until(lab, run, in_state("waiting"), within_s=100)
        asked = steps(view, "power-on", "waiting")
        assert asked
        assert not [entry for entry in lab.ledger() if entry.effect == "power-on-guest"]

        assert lab.operator("run", "approve", run).code == 0
        end = lab.operator("run", "attach", run)
        assert end.code == 0, end.stderr[-2000:]
        view = shown(lab, run)
        assert view["state"] == "done"
        assert view["rpo_s"] == 0.0
        assert disorder(lab.ledger(), roles(view)) == []
        started = [entry.object for entry in lab.ledger() if entry.effect == "power-on-guest"]
        assert len(started) == len(steps(view, "power-on", "done"))
