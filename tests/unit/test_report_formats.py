"""The report in files: a page that loads and runs nothing, a table, and what test servers read.

Whatever others have called their machines stays text in each of them.
"""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from drconsole.api.timeline import Bar, Timeline
from drconsole.model.run import (
    AmendmentView,
    CustomerStepView,
    Difference,
    Fidelity,
    GuestView,
    MachineView,
    RunView,
    StageView,
    Standing,
    StepView,
    VerbView,
)
from drconsole.model.step import STAGES
from drconsole.recovery.report import Objectives, Told, rendered
from drconsole.recovery.report.html import rows, ticks

HOSTILE = "</td><script>alert(1)</script>\x1b[2J\u202e\" onload=x '&<![CDATA[\ufffe]]>"
FORMULA = "=cmd|' /C calc'!A0"
AT, LATER = "2026-11-22T14:00:00.000Z", "2026-11-22T14:10:00.000Z"


def told(name: str = HOSTILE) -> Told:
    """A drill with one of everything, all of it called by what others say."""
    view = RunView(
        run="R-1",
        site=name,
        mode="drill",
        state="held",
        snapshot="sha256:ab",
        started=AT,
        ended=LATER,
        rto_s=600.0,
        rpo_s=90.0,
        runner=None,
        stages=tuple(
            StageView(name=s, state="done", started=AT, ended=LATER, steps=2, done=2, failed=0)
            for s in STAGES
        ),
        steps=(
            StepView(
                key="provision/D/install", state="done", attempts=1, started=AT, ended=LATER, error=None
            ),
            StepView(
                key=f"guests/{name}/register",
                state="skipped",
                attempts=2,
                started=AT,
                ended=LATER,
                error=name,
            ),
            StepView(
                key="guests/b/register", state="failed", attempts=1, started=AT, ended=LATER, error=name
            ),
        ),
        fidelity=Fidelity(
            matched=8,
            total=10,
            differences=(
                Difference(path=name, captured="1", recovered=name, klass="lost", reason=name),
                Difference(path="a/b", captured="1", recovered="2", klass="had-to-be", reason="new ids"),
                Difference(path="a/c", captured="on", recovered="off", klass="given-up", reason=name),
            ),
            excused={"new ids": 1},
        ),
        guests=(
            GuestView(name=name, id="vm-1", state="registered", power="on"),
            GuestView(name="web-02", id="vm-2", state="failed", power="", reason=name),
            GuestView(name="web-03", id="vm-3", state="not-selected", power=""),
        ),
        machines=(MachineView(target="D", role="management", protected=name, state="leased", note=FORMULA),),
        cleanup=None,
        elapsed_s=600.0,
        verbs=(
            VerbView(at=AT, actor="ann", verb="approve", steps=("guests/site/gate",), reason=name),
            VerbView(at=LATER, actor=FORMULA, verb="skip", steps=("a", "b"), reason="lost"),
        ),
        amendments=(AmendmentView(number=1, at=AT, actor="ann", text=name),),
        standing=(Standing(kind="machine", name=name, state="on", remedy="wipe"),),
        customer=(CustomerStepView(key="guests/x/y", title=name, state="done", output=f"{name}\nok"),),
        started_by="night-shift",
    )
    bars = (
        Bar(machine="", protected="", stage="preflight", state="done", began_s=0, ended_s=5, expects_s=0,
            expects_end_s=5, done=2, steps=2),
        Bar(machine="D", protected=name, stage="provision", state="failed", began_s=5, ended_s=500,
            expects_s=5, expects_end_s=500, done=1, steps=2, critical=True),
        Bar(machine="D", protected=name, stage="guests", state="pending", began_s=None, ended_s=None,
            expects_s=500, expects_end_s=600, done=0, steps=2),
    )  # fmt: skip
    timeline = Timeline(
        run="R-1", started=AT, elapsed_s=600.0, bars=bars, critical_path=("provision/D/install",),
        bound_s=600.0, forecast_s=600.0,
    )  # fmt: skip
    return Told(view=view, objectives=Objectives(rto_s=3600, rpo_s=60), timeline=timeline)


class Page(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_the_same_page_whatever_things_are_called() -> None:
    plain, hostile = Page(rendered(told("web-01"), "html")), Page(rendered(told(), "html"))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(attrs) for _, attrs in hostile.elements] == [sorted(attrs) for _, attrs in plain.elements]
    assert "<script>alert(1)</script>" in hostile.words
    for sign in ("\x1b", "\u202e"):
        assert sign not in rendered(told(), "html")


def test_the_page_loads_nothing_and_holds_the_whole_story() -> None:
    page = Page(rendered(told("web-01"), "html"))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "a", "base"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("src", "href") for name in attributes)
    for word in (
        "by night-shift", "1:30, objective 1:00, MISSED", "10:00, objective 1:00:00, met", "ann",
        "8 of 10 values", "1 of 3", "provision/D/install", "and 1 more",
    ):  # fmt: skip
        assert word in page.words, word
    lanes = [attrs for tag, attrs in page.elements if tag == "b" and "style" in attrs]
    assert [lane["style"] for lane in lanes] == [
        "top:0rem;left:0.000%;width:0.833%",
        "top:0rem;left:0.833%;width:82.500%",
    ]
    assert "critical" in (lanes[1]["title"] or "")
    assert "critical" not in (lanes[0]["title"] or "")


def test_bars_that_overlap_lie_below_each_other() -> None:
    made = told("web-01").timeline
    assert made is not None
    first = made.bars[0]
    bars = tuple(
        replace(first, stage=stage, began_s=began, ended_s=ended)
        for stage, began, ended in (("import", 0.0, 100.0), ("guests", 50.0, 200.0), ("verify", 100.0, 300.0))
    )
    (row,) = rows(replace(made, bars=bars))
    assert [(drawn.bar.stage, drawn.lane) for drawn in row.bars] == [
        ("import", 0),
        ("guests", 1),
        ("verify", 0),
    ]
    assert row.lanes == 2


@pytest.mark.parametrize("elapsed", [0.0, 0.4, 9.0, 600.0, 5000.0, 9e5])
def test_the_scale_has_ten_lines_at_the_most(elapsed: float) -> None:
    found = list(ticks(elapsed))
    assert len(found) <= 11
    assert all(0 <= left <= 100 for left, _ in found)


def test_the_table_has_a_row_a_thing_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(told(), "csv"), newline="")))
    kinds = [row["kind"] for row in rows]
    assert kinds == [
        *("run", "objective", "objective", *["stage"] * 9, "machine", *["guest"] * 3, *["step"] * 3),
        *(*["difference"] * 3, "verb", "verb", "amendment", "standing"),
    ]
    assert {len(row) for row in rows} == {9}
    cells = [cell for row in rows for cell in row.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert not any("\x1b" in cell or "\n" in cell for cell in cells)
    by_kind = {row["kind"]: row for row in rows}
    assert by_kind["machine"]["detail"] == f"'{FORMULA}"
    assert by_kind["objective"]["state"] == "missed"
    assert by_kind["step"]["seconds"] == "600.000"
    assert by_kind["run"]["detail"].startswith("started by night-shift")


def test_junit_counts_what_failed_and_what_was_given_up() -> None:
    root = ElementTree.fromstring(rendered(told(), "junit").encode())
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["objectives", "stages", "steps", "guests", "fidelity"]
    counts = {
        name: (suite.get("tests"), suite.get("failures"), suite.get("skipped"))
        for name, suite in suites.items()
    }
    assert counts == {
        "objectives": ("2", "1", "0"),
        "stages": ("9", "0", "0"),
        "steps": ("3", "1", "1"),
        "guests": ("3", "1", "1"),
        "fidelity": ("4", "1", "1"),
    }
    assert (root.get("tests"), root.get("failures")) == ("21", "4")
    names = [case.get("name") or "" for case in root.iter("testcase")]
    assert any("<script>alert(1)</script>" in name for name in names)
    assert not any("\x1b" in name or "\ufffe" in name for name in names)


def test_text_and_json_have_the_timeline_too() -> None:
    text = rendered(told(), "text")
    assert "Timeline" in text
    assert "|#" in text.replace(" ", "")
    assert "by night-shift" in text
    assert "\x1b" not in text
    assert json.loads(rendered(told(), "json"))["timeline"]["critical_path"] == ["provision/D/install"]


def test_a_run_that_has_not_begun_has_every_report_as_well() -> None:
    view = replace(
        told("web-01").view, state="pending", started=None, ended=None, steps=(), fidelity=None, rto_s=None,
        rpo_s=None, elapsed_s=0.0, standing=(), customer=(), verbs=(), amendments=(), guests=(),
    )  # fmt: skip
    nothing = Timeline(
        run="R-1", started=None, elapsed_s=0.0, bars=(), critical_path=(), bound_s=9.0, forecast_s=9.0
    )
    bare = Told(view=view, timeline=nothing)
    for form in ("text", "json", "html", "csv", "junit"):
        assert "R-1" in rendered(bare, form)
