"""A run's timeline, out of the journal: bars, critical path, bound and forecast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from drconsole.api.timeline import Bar, Timeline
from drconsole.journal import history, runs, steps
from drconsole.journal.clock import now, seconds_between
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.model.stages import stage_state
from drconsole.model.step import STAGES
from drconsole.planning.timeline import Progress
from drconsole.recovery.foreseen import Foreseen, foresee
from drconsole.recovery.stages.preflight import roles_of
from drconsole.recovery.verbs.rules import AT_REST
from drconsole.recovery.view import in_plan

_STAGE: dict[str, int] = {stage: position for position, stage in enumerate(STAGES)}


def timeline(connection: Connection, run: str = "latest", site: str = "") -> Timeline:
    """Returns a run in time as it is now; its cleanup is not in it. Raises UnknownName."""
    row = runs.find(connection, run, site)
    plan, _ = runs.frozen(connection, row.id)
    rows = in_plan(plan, steps.load(connection, row.id, cleanup=False))
    elapsed_s = seconds_between(row.started, row.ended or now()) if row.started else 0.0
    progress = [_progress(each, row.started, _since(connection, row.id, each)) for each in rows.values()]
    seen = foresee(progress, elapsed_s, over=row.state in AT_REST)
    names = {target: name for target, (name, _kind) in roles_of(plan.mapping).items()}
    return Timeline(
        run=row.id,
        started=row.started,
        elapsed_s=elapsed_s,
        bars=tuple(_bars(progress, seen, names)),
        critical_path=seen.path,
        bound_s=seen.bound_s,
        forecast_s=seen.forecast_s,
        waits=_waits(row, progress),
    )


def _waits(row: RunRow, progress: Iterable[Progress]) -> bool:
    """Whether an operator is waited for: nothing tells how long that takes."""
    if row.state in AT_REST:
        return False
    return row.state in ("waiting", "paused") or any(each.state in ("waiting", "failed") for each in progress)


def _since(connection: Connection, run: str, row: StepRow) -> str | None:
    """When what is at work now began, of a step that was tried before."""
    if row.state != "running" or row.attempts < 2:
        return None
    return history.at_work_since(connection, run, row.step.key)


def _progress(row: StepRow, started: str | None, since: str | None) -> Progress:
    return Progress(
        step=row.step,
        state=row.state,
        attempts=row.attempts,
        began_s=seconds_between(started, row.started) if started and row.started else None,
        ended_s=seconds_between(started, row.ended) if started and row.ended else None,
        since_s=seconds_between(started, since) if started and since else None,
    )


def _bars(progress: Sequence[Progress], seen: Foreseen, names: Mapping[str, str]) -> Iterable[Bar]:
    """The run's own first, then each machine's, in the order of the mapping; stages in theirs."""
    found: dict[tuple[str, str], list[Progress]] = defaultdict(list)
    for each in progress:
        found[each.step.machine, each.step.stage].append(each)
    rank = {"": -1} | {target: position for position, target in enumerate(names)}
    for machine, stage in sorted(
        found, key=lambda bar: (rank.get(bar[0], len(rank)), bar[0], _STAGE.get(bar[1], len(_STAGE)))
    ):
        yield _bar(machine, names.get(machine, ""), found[machine, stage], seen)


def _bar(machine: str, protected: str, own: Sequence[Progress], seen: Foreseen) -> Bar:
    began = min((each.began_s for each in own if each.began_s is not None), default=None)
    ended = [each.ended_s for each in own if each.ended_s is not None]
    state = stage_state([each.state for each in own])
    over = all(each.state in ("done", "skipped", "cancelled") for each in own)
    begins = [seen.begins[each.step.key] for each in own if each.step.key in seen.begins]
    ends = [seen.ends[each.step.key] for each in own if each.step.key in seen.ends]
    expects = began if began is not None else min(begins, default=seen.forecast_s)
    return Bar(
        machine=machine,
        protected=protected,
        stage=own[0].step.stage,
        state=state,
        began_s=began,
        ended_s=max(ended, default=None) if over else None,
        expects_s=expects,
        expects_end_s=max((*ends, *ended, expects)),
        done=sum(each.state == "done" for each in own),
        steps=len(own),
        critical=any(each.step.key in seen.path for each in own),
    )
