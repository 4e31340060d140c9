"""What Reports shows of a run: words for its times, bars in proportion, the report's own parts."""

from __future__ import annotations

import msgspec

from drconsole.api.timeline import Bar, Timeline
from drconsole.console.screens.report_rows import (
    Objectives,
    Told,
    against,
    fidelity_span,
    report_lines,
    sections,
    told,
)
from drconsole.model.run import Difference, Fidelity, RunView, StageView

RUN = RunView(
    run="R-1",
    site="pittsburgh",
    mode="drill",
    state="held",
    snapshot="sha256:00",
    started="2026-11-20T09:00:00Z",
    ended="2026-11-20T10:00:00Z",
    rto_s=3600.0,
    rpo_s=None,
    runner=None,
    stages=(
        StageView(
            name="preflight",
            state="done",
            started="2026-11-20T09:00:00Z",
            ended="2026-11-20T09:15:00Z",
            steps=1,
            done=1,
            failed=0,
        ),
        StageView(
            name="provision",
            state="done",
            started="2026-11-20T09:15:00Z",
            ended="2026-11-20T10:00:00Z",
            steps=1,
            done=1,
            failed=1,
        ),
        StageView(name="verify", state="pending", started=None, ended=None, steps=1, done=0, failed=0),
    ),
    steps=(),
    fidelity=None,
    guests=(),
    machines=(),
    cleanup=None,
    elapsed_s=3600.0,
)


def words(lines: list[str]) -> str:
    return "\n".join(lines)


def test_a_time_is_a_glyph_a_word_and_a_duration() -> None:
    assert against(60.0, 120.0, True) == ("✓ met 1:00", "ok")
    assert against(180.0, 120.0, False) == ("✗ MISSED 3:00", "bad")
    assert against(60.0, None, None) == ("· 1:00", "text")
    assert against(None, 120.0, None) == ("–", "dim")


def test_only_what_was_lost_counts_as_lost() -> None:
    lost = Difference(path="p", captured="a", recovered="", klass="lost")
    excused = msgspec.structs.replace(lost, klass="had-to-be")
    for fidelity, said in (
        (Fidelity(matched=5000, total=5000), "✓ 0 lost"),
        (Fidelity(matched=9999, total=10000, differences=(excused,)), "✓ 0 lost"),
        (Fidelity(matched=9998, total=10000, differences=(lost, excused)), "! 1 lost"),
        (None, "–"),
    ):
        assert fidelity_span(msgspec.structs.replace(RUN, fidelity=fidelity))[0] == said


def test_a_machines_bar_is_shown_where_it_is_long_or_decides() -> None:
    bar = Bar(
        machine="E", protected="esx-01", stage="provision", state="done", began_s=0.0, ended_s=1800.0,
        expects_s=0.0, expects_end_s=0.0, done=1, steps=1,
    )  # fmt: skip
    short = msgspec.structs.replace(bar, protected="esx-02", ended_s=10.0)
    critical = msgspec.structs.replace(short, protected="esx-03", critical=True)
    bars = Timeline(
        run="R-1", started=None, elapsed_s=0, bars=(bar, short, critical), critical_path=(), bound_s=0,
        forecast_s=0,
    )  # fmt: skip
    lines = report_lines(Told(run=RUN, timeline=bars), "", 120)
    shown = words(["".join(text for text, _ in line) for line in lines])
    assert "provision esx-01" in shown
    assert "esx-02" not in shown
    assert "! provision esx-03" in shown
    assert "! decides when the run ended" in shown


def test_bars_are_as_long_as_their_stages_took() -> None:
    lines = report_lines(Told(run=RUN, objectives=Objectives(rto_s=3600, rto_met=True)), "", 120)
    shown = ["".join(text for text, _ in line) for line in lines]
    bars = {line.split()[1]: line.count("█") for line in shown if line.startswith("  ") and "+" in line}
    assert bars["provision"] == 3 * bars["preflight"]
    assert any("verify" in line and "–" in line for line in shown)
    failed = next(line for line in lines if any("provision" in text for text, _ in line))
    assert ("bad" in [role for text, role in failed if "█" in text]) is True


def test_parts_begin_at_their_heads_and_long_lines_are_wrapped_below_themselves() -> None:
    long = f"Stages\n  a {'word ' * 40}"
    text = f"Recovery report: R-1\nsite x\n\n{long}\n\nTimeline (x)\n  drawn\n\nGuests\n  1 up\n"
    lines = report_lines(Told(run=RUN), text, 60)
    assert [lines[at][0][0] for at in sections(lines)] == ["Outcome", "Timeline", "Stages", "Guests"]
    shown = ["".join(part for part, _ in line) for line in lines]
    assert all(len(line) <= 76 for line in shown)
    assert "drawn" not in words(shown)
    assert "Recovery report" not in words(shown)


def test_a_report_is_read_from_its_json_whatever_else_stands_in_it() -> None:
    text = msgspec.json.encode({"report": 1, "objectives": {"rto_s": 5.0}, "run": RUN, "new": []}).decode()
    assert told(text).objectives == Objectives(rto_s=5.0)
    assert told(text).run == RUN
