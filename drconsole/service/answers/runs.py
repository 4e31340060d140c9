"""Answers about runs: start, show, follow, and the operators' verbs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from sqlalchemy import Connection

from drconsole.api import requests
from drconsole.api.timeline import Timeline
from drconsole.api.values import CommandReply, ReportReply, RunStarted, StepDetail
from drconsole.errors import NotConfirmed
from drconsole.journal import commands, events, runs, steps
from drconsole.model.run import RunSummary, RunView
from drconsole.recovery import verbs
from drconsole.recovery.planner import Composed, pre_emptions, refuse_unready
from drconsole.recovery.report import Told, objectives_of, rendered, report_json, report_text
from drconsole.recovery.step_page import step_detail
from drconsole.recovery.timeline import timeline
from drconsole.recovery.view import run_view
from drconsole.service.answers.amending import given_up
from drconsole.service.answers.planning import composed
from drconsole.service.answers.pool import targets
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread

_ENDED = frozenset({"held", "done", "failed", "cancelled"})
_OPERATORS = ("waiting", "paused")
"""States that only an operator ends: a script is not left hanging in them."""


async def recover(state: State, request: requests.Recover, caller: Caller) -> RunStarted:
    """Plans, freezes and starts a run."""
    state.site(request.site)
    if request.mode != "drill" and request.confirm != request.site:
        raise NotConfirmed(
            f"a {request.mode} run takes the site out of its hands",
            about=request.site,
            remedy=f"confirm it with --confirm {request.site}",
        )
    async with state.recovering:  # two that begin at once get two names
        run = await state.journal.write(runs.new_name)
        made = await composed(state, request, run, caller)
        refuse_unready(made.report)
        for finding in pre_emptions(made.report):
            caller.say(f"{finding.subject} {finding.text}")
        await state.journal.write(lambda c: _freeze(c, made, request, caller.actor))
    pid = state.runners.ensure(run)
    caller.say(f"run {run} started: {made.report.steps} steps, runner {pid}")
    return RunStarted(run=run, pid=pid)


def _freeze(connection: Connection, made: Composed, request: requests.Recover, actor: str) -> None:
    """The run, its plan and both graphs of steps, in one transaction."""
    source = msgspec.json.encode(made.source)
    runs.create(connection, made.plan, source, actor=actor, auto_cleanup=request.cleanup)
    steps.add(connection, made.plan.run, made.plan.steps, cleanup=False)
    steps.add(connection, made.plan.run, made.cleanup, cleanup=True)
    commands.audit(connection, actor, f"recover {request.mode}", made.plan.run, request.site)


async def list_runs(state: State, request: requests.ListRuns, caller: Caller) -> tuple[RunSummary, ...]:
    """All runs, oldest first."""
    rows = await state.journal.query(lambda c: runs.listing(c, request.site))
    return tuple(runs.summary(row) for row in rows)


async def show(state: State, request: requests.ShowRun, caller: Caller) -> RunView:
    """A run as it is now."""
    return await state.journal.query(lambda c: run_view(c, request.run, request.site))


async def show_timeline(state: State, request: requests.ShowTimeline, caller: Caller) -> Timeline:
    """A run in time as it is now."""
    run = state.journal.read(lambda c: runs.find(c, request.run, request.site)).id
    return await state.timelines.of(run)


async def show_step(state: State, request: requests.ShowStep, caller: Caller) -> StepDetail:
    """One step as it is now."""
    pool = tuple(targets(state).values())
    return await state.journal.query(
        lambda c: step_detail(c, request.run, request.step, site=request.site, pool=pool)
    )


async def attach(state: State, request: requests.Attach, caller: Caller) -> RunView:
    """Events as they are written, until the run rests."""
    journal = state.journal
    run = journal.read(lambda c: runs.find(c, request.run, request.site)).id
    after = request.after
    while True:
        seen = journal.news()
        rests = _rests(journal.read(lambda c: runs.find(c, run)), stay=request.stay)
        while batch := journal.read(partial(events.since, run=run, after=after)):
            for event in batch:
                await caller.send(event)
            after = batch[-1].seq
        if rests:
            return await journal.query(lambda c: run_view(c, run))
        await journal.changed(seen)


def _rests(row: runs.RunRow, *, stay: bool) -> bool:
    """Whether nothing more will happen by itself."""
    if row.cleanup_state in ("pending", "running"):
        return False
    if row.cleanup_state in _OPERATORS or row.state in _OPERATORS:
        return not stay
    return row.state in _ENDED


async def _carried(state: State, run: str, verb: Callable[[Connection, str], CommandReply]) -> CommandReply:
    """Writes a verb with its effect, and sees to it that a runner takes it up."""
    name = state.journal.read(lambda c: runs.find(c, run)).id
    reply = await state.journal.write(lambda c: verb(c, name))
    state.runners.ensure(name)
    return reply


async def retry(state: State, request: requests.Retry, caller: Caller) -> CommandReply:
    """Tries failed steps again."""
    return await _carried(
        state,
        request.run,
        lambda c, run: verbs.retry(c, run, request.steps, every=request.all, actor=caller.actor),
    )


async def skip(state: State, request: requests.Skip, caller: Caller) -> CommandReply:
    """Gives a step up; with one that the barrier waits for, its host."""
    if (reply := await given_up(state, request, caller)) is not None:
        return reply
    return await _carried(
        state,
        request.run,
        lambda c, run: verbs.skip(c, run, request.step, reason=request.reason, actor=caller.actor),
    )


async def approve(state: State, request: requests.Approve, caller: Caller) -> CommandReply:
    """Answers a question."""
    return await _carried(
        state, request.run, lambda c, run: verbs.approve(c, run, request.step, actor=caller.actor)
    )


async def pause(state: State, request: requests.Pause, caller: Caller) -> CommandReply:
    """Starts nothing new."""
    return await _carried(
        state,
        request.run,
        lambda c, run: verbs.pause(c, run, reason=request.reason, actor=caller.actor),
    )


async def resume(state: State, request: requests.Resume, caller: Caller) -> CommandReply:
    """Goes on, with a runner."""

    def resumed(connection: Connection, run: str) -> CommandReply:
        carried = state.runners.carries(runs.find(connection, run))
        return verbs.resume(connection, run, actor=caller.actor, carried=carried)

    return await _carried(state, request.run, resumed)


async def cancel(state: State, request: requests.Cancel, caller: Caller) -> CommandReply:
    """Ends a run."""
    return await _carried(
        state,
        request.run,
        lambda c, run: verbs.cancel(c, run, reason=request.reason, actor=caller.actor),
    )


async def cleanup(state: State, request: requests.Cleanup, caller: Caller) -> CommandReply:
    """Begins a cleanup."""
    return await _carried(state, request.run, lambda c, run: verbs.cleanup(c, run, actor=caller.actor))


async def report(state: State, request: requests.Report, caller: Caller) -> ReportReply:
    """A run's report."""

    def read(connection: Connection) -> Told:
        view = run_view(connection, request.run, request.site)
        objectives = objectives_of(runs.frozen(connection, view.run)[1])
        return Told(view=view, objectives=objectives, timeline=timeline(connection, view.run))

    return await in_thread(lambda: _reported(state.journal.read(read), request))


def _reported(told: Told, request: requests.Report) -> ReportReply:
    text, json = report_text(told), report_json(told)
    made = {"text": text, "json": json}.get(request.format) or rendered(told, request.format)
    return ReportReply(run=told.view.run, json=json, text=text, rendered=made)
