"""The customer's steps in a plan: joined with all others, checked, and told of (R89)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drconsole.journal.steps import StepRow
from drconsole.model.custom import CustomStep
from drconsole.model.plan import CustomerStep, Finding
from drconsole.model.run import CustomerStepView
from drconsole.model.step import Facts, Step
from drconsole.planning.custom import PROGRAM, PROMPT, nothing_named, place
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import extensions

SHOWN_OUTPUT = 2000
"""Characters of a program's output that a run's view and report show."""


def with_own(source: PlanInput, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Returns a plan's steps with the extensions' and the configuration's among them. Raises Refused."""
    whole = extensions.added(source, steps).steps
    return place(source.custom, source.site.name, source.mode, whole)


def findings(source: PlanInput, steps: Sequence[Step]) -> tuple[Finding, ...]:
    """Returns what is wrong with the customer's steps: `steps` are the joined plan's."""
    theirs = extensions.added(source, ())
    given = [step for step in steps if step.handler not in (PROMPT, PROGRAM)]
    return *theirs.findings, *_absent(source.custom, given), *_programs(source.custom)


def told(source: PlanInput, steps: Sequence[Step]) -> tuple[CustomerStep, ...]:
    """Returns the lines of a plan's report about the customer's steps, in the plan's order."""
    theirs = extensions.added(source, ()).own
    return tuple(
        CustomerStep(
            key=step.key,
            stage=step.stage,
            title=step.title,
            critical=step.critical,
            source=theirs.get(step.key, "configuration"),
        )
        for step in steps
        if step.handler in (PROMPT, PROGRAM) or step.key in theirs
    )


def _absent(own: Sequence[CustomStep], steps: Sequence[Step]) -> Iterator[Finding]:
    wanted = {step.name: step for step in own}
    for name, missing in nothing_named(own, steps).items():
        refuses = wanted[name].absent == "refuse"
        yield Finding(
            subject=f"[[step]] {name}",
            text=f"names {missing}, which this plan has not{'' if refuses else ': it is left out'}",
            blocks=refuses,
            remedy='correct it, or write absent = "leave-out" for runs without it' if refuses else "",
        )


def _programs(own: Sequence[CustomStep]) -> Iterator[Finding]:
    """Service and runner are on one machine: what is not here now will not be there then."""
    for step in own:
        for words in (step.program, step.observe):
            if words and not (Path(words[0]).is_file() and os.access(words[0], os.X_OK)):
                yield Finding(
                    subject=f"[[step]] {step.name}",
                    text=f"{words[0]} is not there, or may not be executed",
                    blocks=step.critical,
                    remedy="install it, or correct the path",
                )


def views(rows: Mapping[str, StepRow]) -> tuple[CustomerStepView, ...]:
    """Returns what a run's prompts and programs came to: who answered, how they ended, what they said."""
    return tuple(
        _view(row, row.result or {}) for row in rows.values() if row.step.handler in (PROMPT, PROGRAM)
    )


def _view(row: StepRow, result: Facts) -> CustomerStepView:
    return CustomerStepView(
        key=row.step.key,
        title=row.step.title,
        state=row.state,
        answered_by=str(result.get("answered_by", "")),
        answered=str(result.get("answered", "")),
        exit_code=result.get("exit_code"),
        starts=int(result.get("starts", 0)),
        output=str(result.get("output", ""))[-SHOWN_OUTPUT:],
        error=row.error or "",
    )
