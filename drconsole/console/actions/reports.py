"""What keys do on Reports."""

from __future__ import annotations

from drconsole.console.actions.action import Action

_HERE = ("reports",)

REPORTS = (
    Action(
        name="open",
        keys=("enter",),
        label="open",
        help="the report of this run over the whole screen; esc goes back",
        screens=_HERE,
    ),
    Action(name="next", keys=("n",), label="next part", help="the next part of the report", screens=_HERE),
    Action(name="previous", keys=("N",), help="the part before", screens=_HERE),
    Action(
        name="export",
        keys=("E",),
        label="export…",
        help="write the report to a file: HTML, JSON, CSV, JUnit or text",
        screens=_HERE,
    ),
)
