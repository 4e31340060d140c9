"""A service with runs that ended in different ways, and the reports of them as the real one writes them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from drconsole.api import requests
from drconsole.api.requests import ReportFormat
from drconsole.api.values import ReportReply
from drconsole.model.run import Difference, Fidelity, RunSummary, RunView, StageView, VerbView
from drconsole.model.step import STAGES
from drconsole.recovery.report import Objectives, Told, rendered, report_json, report_text
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import Named, renamed, run_view, world

MET, MISSED, ONGOING = "R-20261120-0900", "R-20261121-0900", "R-20261122-1402"


def reported(folder: Path, *, named: Named = lambda name: name) -> ScriptedService:
    """Returns the service: one run met its objectives, one missed them and lost a value, one goes on."""
    service = world(folder, named=named, run=False)
    views = {view.run: view for view in (_met(named), _missed(named), run_view(renamed(named)))}
    aims = Objectives(rto_s=3600, rpo_s=60)
    service.answers |= {
        requests.ListRuns: lambda _: tuple(_summary(view) for view in views.values()),
        requests.ShowRun: lambda asked: views.get(asked.run, views[ONGOING]),
        requests.Report: lambda asked: reply(views[asked.run], aims, asked.format),
    }
    return service


def reply(view: RunView, aims: Objectives, form: ReportFormat) -> ReportReply:
    """Returns the report of a run as the real service writes it."""
    told = Told(view=view, objectives=aims)
    return ReportReply(
        run=view.run, json=report_json(told), text=report_text(told), rendered=rendered(told, form)
    )


def _summary(view: RunView) -> RunSummary:
    return RunSummary(
        run=view.run,
        site=view.site,
        mode=view.mode,
        state=view.state,
        snapshot=view.snapshot,
        started=view.started,
        ended=view.ended,
    )


def _met(named: Named) -> RunView:
    stages = tuple(
        StageView(
            name=name,
            state="done",
            started=f"2026-11-20T09:{4 * number:02}:00Z",
            ended=f"2026-11-20T09:{4 * number + 4:02}:00Z",
            steps=4,
            done=4,
            failed=0,
        )
        for number, name in enumerate(STAGES)
    )
    return msgspec.structs.replace(
        run_view(renamed(named), "held"),
        run=MET,
        started="2026-11-20T09:00:00Z",
        ended="2026-11-20T09:36:00Z",
        rto_s=2160.0,
        rpo_s=4.0,
        elapsed_s=2160.0,
        stages=stages,
        steps=(),
        fidelity=Fidelity(matched=1000, total=1000),
        started_by=named("night-shift"),
        verbs=(
            VerbView(
                at="2026-11-20T09:10:00Z", actor=named("boss"), verb="approve", steps=("custom/sign/ask",)
            ),
        ),
    )


def _missed(named: Named) -> RunView:
    lost = Difference(
        path="host[id=host-1]/name", captured=named("esx-01"), recovered="", klass="lost", reason=""
    )
    return msgspec.structs.replace(
        _met(named),
        run=MISSED,
        mode="disaster",
        state="done",
        rto_s=4800.0,
        rpo_s=90.0,
        fidelity=Fidelity(matched=999, total=1000, differences=(lost,)),
    )
