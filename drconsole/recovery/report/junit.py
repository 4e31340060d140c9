"""The report as JUnit XML, for servers that follow tests: is this drill as good as the last one?

A suite each for objectives, stages, steps, guests and fidelity. What failed, waits, was lost or missed is
a failure; what was given up, never begun, or cannot be judged is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from drconsole.journal.clock import seconds_between
from drconsole.model.run import StageView, StepState, StepView
from drconsole.model.text import safe_text
from drconsole.recovery.report.told import Told

_NO_XML = re.compile("[\ufffe\uffff]")
_FAILED: frozenset[StepState] = frozenset({"failed", "waiting"})


class Case(NamedTuple):
    """One testcase. `failure` and `skipped` say why, "" where it passed."""

    group: str
    name: str
    seconds: float = 0.0
    failure: str = ""
    skipped: str = ""
    output: str = ""


def render(told: Told) -> str:
    """Returns the document."""
    view = told.view
    root = Element("testsuites", {"name": _text(f"{view.run} {view.mode} of {view.site}")})
    suites = {
        "objectives": list(_objectives(told)),
        "stages": [_case(s.name, s.name, s) for s in view.stages],
        "steps": [_case(s.key.partition("/")[0], s.key, s, s.error or "") for s in told.steps],
        "guests": list(_guests(told)),
        "fidelity": list(_fidelity(told)),
    }
    for name, cases in suites.items():
        _suite(root, name, cases, view.started or "")
    every = [case for cases in suites.values() for case in cases]
    root.attrib |= _totals(every)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, cases: list[Case], started: str) -> None:
    suite = SubElement(root, "testsuite", {"name": name, "timestamp": started.rstrip("Z")} | _totals(cases))
    for case in cases:
        place = {"classname": f"{name}.{_text(case.group)}", "name": _text(case.name)}
        made = SubElement(suite, "testcase", place | {"time": f"{case.seconds:.3f}"})
        if case.failure:
            SubElement(made, "failure", {"message": _text(case.failure)})
        elif case.skipped:
            SubElement(made, "skipped", {"message": _text(case.skipped)})
        if case.output:
            SubElement(made, "system-out").text = _text(case.output)


def _totals(cases: Iterable[Case]) -> dict[str, str]:
    held = list(cases)
    return {
        "tests": str(len(held)),
        "failures": str(sum(bool(case.failure) for case in held)),
        "errors": "0",
        "skipped": str(sum(bool(case.skipped) and not case.failure for case in held)),
    }


def _case(group: str, name: str, of: StageView | StepView, error: str = "") -> Case:
    seconds = seconds_between(of.started, of.ended) if of.started and of.ended else 0.0
    if of.state == "done":
        return Case(group, name, seconds)
    words = f"{of.state}: {error}" if error else of.state
    return Case(group, name, seconds, **{"failure" if of.state in _FAILED else "skipped": words})


def _objectives(told: Told) -> Iterator[Case]:
    asked = told.objectives.against(told.view)
    for name, words in (("rto", told.recovery_time), ("rpo", told.recovery_point)):
        met = asked[f"{name}_met"]
        yield Case(
            told.view.site,
            name,
            failure=words if met is False else "",
            skipped=words if met is None else "",
            output=words if met else "",
        )


def _guests(told: Told) -> Iterator[Case]:
    for guest in told.view.guests:
        words = f"{guest.state}: {guest.reason}" if guest.reason else guest.state
        name = f"{guest.name} ({guest.id})"
        if guest.state == "registered":
            yield Case("guest", name, output=guest.power)
        elif guest.state == "failed":
            yield Case("guest", name, failure=words)
        else:
            yield Case("guest", name, skipped=words)


def _fidelity(told: Told) -> Iterator[Case]:
    """What is equal is one case: there are thousands of values."""
    if told.view.fidelity is None:
        yield Case("values", "comparison", skipped="not compared")
        return
    yield Case("values", f"{told.view.fidelity.matched} of {told.view.fidelity.total} values are equal")
    for each in told.differences:
        words = f"{each.klass}: {each.captured} became {each.recovered or 'nothing'}"
        words += f" ({each.reason})" if each.reason else ""
        case = Case(each.klass, each.path)
        if each.klass == "lost":
            yield case._replace(failure=words)
        elif each.klass == "given-up":
            yield case._replace(skipped=words)
        else:
            yield case._replace(output=words)


def _text(text: str) -> str:
    """Foreign text, without what no XML document may hold."""
    return _NO_XML.sub("\ufffd", safe_text(text))
