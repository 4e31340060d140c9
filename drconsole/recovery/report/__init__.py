"""A run's report: what was recovered, how long it took, what differs and why; as text, and as what
auditors, spreadsheets and test servers read.

`told.Told` is what all of them are made of. `rendered` gives any of them by the word of its format.
"""

from __future__ import annotations

from collections.abc import Callable

from drconsole.api.requests.runs import ReportFormat
from drconsole.recovery.report.told import Objectives, Told, objectives_of

__all__ = ["Objectives", "Told", "objectives_of", "rendered", "report_json", "report_text"]


def report_json(told: Told) -> str:
    """Returns the report for programs: the run's view, its counts, objectives and timeline beside it."""
    from drconsole.recovery.report.told import as_json

    return as_json(told)


def report_text(told: Told) -> str:
    """Returns the report for people. Foreign text in it is made safe."""
    from drconsole.recovery.report.text import render

    return render(told)


def rendered(told: Told, form: ReportFormat) -> str:
    """Returns the report in a format, whole: what goes into a file."""
    return _FORMS[form](told)


def _html(told: Told) -> str:
    from drconsole.recovery.report.html import render

    return render(told)


def _csv(told: Told) -> str:
    from drconsole.recovery.report.table import render

    return render(told)


def _junit(told: Told) -> str:
    from drconsole.recovery.report.junit import render

    return render(told)


_FORMS: dict[ReportFormat, Callable[[Told], str]] = {
    "text": report_text,
    "json": report_json,
    "html": _html,
    "csv": _csv,
    "junit": _junit,
}
