"""Verify: the recovered site is captured as the protected one was, and compared by value."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
from sqlalchemy import Connection

from drconsole import documents
from drconsole.errors import DRConsoleError
from drconsole.journal import runs
from drconsole.journal import steps as recorded
from drconsole.journal.clock import now, seconds_between
from drconsole.model.run import Fidelity
from drconsole.model.step import Done, Facts, Step, Work
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.selection import chosen
from drconsole.platforms.contract import Platform
from drconsole.recovery.drivers import Room
from drconsole.recovery.fidelity import compare, with_observed
from drconsole.recovery.recovered_site import site_at
from drconsole.recovery.work import StepWork
from drconsole.settings.values import Settings, Site


def steps(plan: PlanInput, others: Sequence[Step]) -> tuple[Step, ...]:
    """Gives capture, comparison and report; the capture waits for everything before it.

    Where no management server is recovered there is nothing to capture, and the report stands alone.
    """
    before = tuple(step.key for step in others if step.stage not in ("preflight", "verify"))
    if plan.mapping.management_server is None:
        return (_step(keys.REPORTED, "report", "Report", needs=(keys.PREFLIGHT,), optional=before),)
    capture = _step(
        keys.CAPTURED,
        "capture",
        "Capture the recovered site",
        needs=(keys.ready(plan.mapping.management_server.protected),),
        optional=before,
        deadline_s=plan.deadlines["capture"],
        typical_s=15,
    )
    compared = _step(keys.COMPARED, "compare", "Compare it with the snapshot", needs=(keys.CAPTURED,))
    return capture, compared, _step(keys.REPORTED, "report", "Report", needs=(keys.COMPARED,))


def _step(
    key: str,
    verb: str,
    title: str,
    *,
    needs: tuple[str, ...],
    optional: tuple[str, ...] = (),
    deadline_s: float = 600.0,
    typical_s: float = 1.0,
) -> Step:
    return Step(
        key=key,
        stage="verify",
        handler=f"recovery.{verb}",
        title=title,
        needs=needs,
        optional_needs=tuple(other for other in optional if other not in needs),
        deadline_s=deadline_s,
        typical_s=typical_s,
    )


class CaptureRecovered:
    """Captures the recovered site through the platform, as the protected one was."""

    def __init__(self, settings: Settings, plan: PlanInput, rooms: Sequence[Room]) -> None:
        self._settings = settings
        self._plan = plan
        self._platform = cast("Platform", rooms[0])
        self._fresh = False

    async def observe(self, work: Work) -> Done | None:
        """Only a capture of this very attempt counts: the site may have been mended since the last."""
        if not self._fresh:
            return None
        self._fresh = False
        path = _recovered_path(self._settings, work.run)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Done(result={"path": str(path), "sha256": digest})

    async def act(self, work: Work) -> None:
        """Writes the recovered site's snapshot beside the journal."""
        site = _recovered_site(self._settings, self._plan, work)
        snapshot = await self._platform.capture(site, self._settings, self._plan.snapshot.profile, work.say)
        path = _recovered_path(self._settings, work.run)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(documents.write_snapshot(snapshot))
        os.replace(partial, path)
        self._fresh = True


def _recovered_site(settings: Settings, plan: PlanInput, work: Work) -> Site:
    server = plan.mapping.management_server
    if server is None:
        raise DRConsoleError("no management server is recovered", about=plan.site.name)
    return site_at(settings, plan.site.name, work.result(keys.ready(server.protected)))


def _recovered_path(settings: Settings, run: str) -> Path:
    return Path(settings.state_dir) / "runs" / run / "recovered.xml"


class Compare:
    """Compares the two snapshots by value; the journal keeps every difference."""

    def __init__(self, settings: Settings, plan: PlanInput) -> None:
        self._settings = settings
        self._plan = plan

    async def observe(self, work: Work) -> Done | None:
        """Returns the fidelity: a pure function of two documents and of the steps that were given up."""
        captured = work.result(keys.CAPTURED)
        uplinks, ready = dict(work.results("uplinks/")), dict(work.results("provision/"))
        plan = without_given_up(self._plan, work.results("guests/"))
        given_up = cast("StepWork", work).read(lambda c: recorded.skipped(c, work.run))
        fidelity = await asyncio.to_thread(_fidelity, plan, captured["path"], uplinks, ready, given_up)
        lost = sum(difference.klass == "lost" for difference in fidelity.differences)
        return Done(result={"fidelity": msgspec.to_builtins(fidelity), "lost": lost})

    async def act(self, work: Work) -> None:
        """There is nothing to do: the observation is the comparison."""


def without_given_up(plan: PlanInput, registered: Mapping[str, Facts]) -> PlanInput:
    """Returns the plan without the guests that were not registered: an operator gave them up, by name.

    The comparison waits for each guest's steps, so none of them is merely late. Their loss is accepted
    (exit 7); it is none of fidelity.
    """
    lost = {guest for guest in chosen(plan.selection) if keys.registered(guest) not in registered}
    if not lost:
        return plan
    flags = (
        msgspec.structs.replace(flag, deploy=flag.deploy and flag.id not in lost)
        for flag in plan.selection.virtual_machines
    )
    verdicts = (
        msgspec.structs.replace(verdict, verdict="no" if verdict.id in lost else verdict.verdict)
        for verdict in plan.verdicts
    )
    selection = msgspec.structs.replace(plan.selection, virtual_machines=tuple(flags))
    return msgspec.structs.replace(plan, selection=selection, verdicts=tuple(verdicts))


def _fidelity(
    plan: PlanInput,
    path: str,
    uplinks: dict[str, Facts],
    ready: dict[str, Facts],
    given_up: Mapping[str, str],
) -> Fidelity:
    recovered = documents.read_snapshot(Path(path).read_bytes(), about=path)
    return compare(plan, with_observed(plan, recovered, ready), uplinks, given_up)


class Conclude:
    """Writes how long it took and how much was lost in time, against the objectives."""

    def __init__(self, plan: PlanInput) -> None:
        self._plan = plan

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Returns rto_s and rpo_s with their objectives, None where there is none."""
        started = runs.find(connection, work.run).started
        rto = seconds_between(started, now()) if started else None
        rpo = recovery_point_s(dict(work.results("halt/")))
        site = self._plan.site
        return {
            "rto_s": rto,
            "rpo_s": rpo,
            "rto_objective_s": site.rto_s,
            "rpo_objective_s": site.rpo_s,
            "rto_met": None if rto is None or site.rto_s is None else rto <= site.rto_s,
            "rpo_met": None if rpo is None or site.rpo_s is None else rpo <= site.rpo_s,
        }


def recovery_point_s(halted: dict[str, Facts]) -> float | None:
    """Returns the worst group's seconds of lost writes, None where none could say."""
    found = [float(facts["rpo_s"]) for facts in halted.values() if facts.get("rpo_s") is not None]
    return max(found, default=None)
