"""The report as one CSV table (RFC 4180) for spreadsheets: a row a thing, its kind in the first column.

`name` is what the thing is called, `object` what it concerns or stands on, `value` what it came to, and
`detail` why. Rows of a kind stand together: run, objective, stage, machine, guest, step, difference, verb,
amendment, standing. Times are UTC. A cell that a spreadsheet would take for a formula begins with `'`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from drconsole.journal.clock import seconds_between
from drconsole.model.text import safe_text
from drconsole.recovery.report.told import Told

COLUMNS = ("kind", "name", "object", "state", "started", "ended", "seconds", "value", "detail")
_FORMULA = ("=", "+", "-", "@", "|", "%")

_MET: dict[object, str] = {None: "", True: "met", False: "missed"}

Row = tuple[object, ...]


def render(told: Told) -> str:
    """Returns the table with its head."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in _rows(told):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value)
    shown = safe_text(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _rows(told: Told) -> Iterator[Row]:
    view = told.view
    yield (
        *("run", view.run, view.site, view.state, view.started, view.ended, f"{view.elapsed_s:.3f}"),
        *(view.mode, f"started by {view.started_by}, snapshot {view.snapshot}"),
    )
    asked = told.objectives.against(view)
    for name, found in (("rto", view.rto_s), ("rpo", view.rpo_s)):
        yield "objective", name, view.site, _MET[asked[f"{name}_met"]], "", "", found, asked[f"{name}_s"], ""
    for stage in view.stages:
        counts = f"{stage.done} of {stage.steps}"
        yield "stage", stage.name, "", stage.state, *_when(stage.started, stage.ended), counts, ""
    for machine in view.machines:
        yield (
            "machine",
            machine.protected,
            machine.target,
            machine.state,
            "",
            "",
            "",
            machine.role,
            machine.note,
        )
    for guest in view.guests:
        yield "guest", guest.name, guest.id, guest.state, "", "", "", guest.power, guest.reason
    for step in told.steps:
        tries = f"{step.attempts} attempts"
        yield "step", step.key, "", step.state, *_when(step.started, step.ended), tries, step.error
    yield from _said(told)


def _said(told: Told) -> Iterator[Row]:
    for each in told.differences:
        changed = f"{each.captured} → {each.recovered}"
        yield "difference", each.path, "", each.klass, "", "", "", changed, each.reason
    for verb in told.view.verbs:
        yield "verb", verb.verb, " ".join(verb.steps), "", verb.at, "", "", verb.actor, verb.reason
    for change in told.view.amendments:
        yield "amendment", str(change.number), "", "", change.at, "", "", change.actor, change.text
    for left in told.view.standing:
        yield "standing", left.name, left.kind, left.state, "", "", "", "", left.remedy


def _when(started: str | None, ended: str | None) -> tuple[str, str, str]:
    seconds = f"{seconds_between(started, ended):.3f}" if started and ended else ""
    return started or "", ended or "", seconds
