"""A verdict of the service on what is to be recovered: asked, in a line, and whole."""

from __future__ import annotations

from collections.abc import Callable

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.console.draft import Judged
from drconsole.console.hearing.messages import Arrived
from drconsole.console.known.store import Store
from drconsole.console.style.look import Line, Span
from drconsole.console.words import phrases
from drconsole.errors import DRConsoleError
from drconsole.model.plan import PlanReport


async def ask_verdict(
    client: Client,
    request: requests.PlanRun,
    of: object,
    post: Callable[[Arrived], object],
    put: Callable[[Store, Judged], None],
) -> None:
    """Asks what a run would do, and puts what comes into the store; cancelling it cancels the question."""
    try:
        report = await client.ask(request)
        judged = Judged(of=of, report=report)
    except DRConsoleError as error:
        judged = Judged(of=of, trouble=error.message)
    post(Arrived(lambda store: put(store, judged), now=True))


def judged_line(judged: Judged) -> Line:
    """Returns a verdict in a line: whether a run would start, what blocks it, how long it takes."""
    report = judged.report
    if report is None:
        return [(f"✗ the service: {judged.trouble}", "bad")]
    blocking = [finding for finding in report.findings if finding.blocks]
    spans: list[Span] = [("✓ the service would start it", "ok")]
    if blocking:
        first = blocking[0]
        more = f" (and {len(blocking) - 1} more: V)" if len(blocking) > 1 else ""
        spans = [(f"✗ blocked: {first.subject}: {first.text}{more}", "bad")]
    elif not report.ready:
        spans = [("✗ not ready", "bad")]
    if report.estimate is not None:
        spans.append((f" │ estimate {phrases.minutes(report.estimate.seconds)} at best", "title"))
    if hints := len(report.findings) - len(blocking):
        spans.append((f" │ {phrases.count(hints, 'remark')}: V", "warn"))
    return spans


def report_lines(report: PlanReport) -> list[Line]:
    """Returns a plan's findings, the blocking ones first, and its estimate."""
    ready: list[Span] = (
        [("✓ ready", "ok")] if report.ready else [("✗ not ready: this would be refused", "bad")]
    )
    lines: list[Line] = [ready]
    for finding in sorted(report.findings, key=lambda finding: not finding.blocks):
        glyph, role = ("✗", "bad") if finding.blocks else ("!", "warn")
        lines.append([(f"{glyph} {finding.subject}: ", role), (finding.text, "text")])
        if finding.remedy:
            lines.append([(f"  → {finding.remedy}", "dim")])
    unable = sum(verdict.verdict == "no" for verdict in report.verdicts)
    able = f"{phrases.count(report.steps, 'step')}, {len(report.verdicts) - unable} guests can be recovered, "
    lines += [[], [(able, "text"), (f"{unable} cannot", "warn" if unable else "dim")]]
    if report.estimate is not None:
        lines.append(
            [
                (f"estimate {phrases.minutes(report.estimate.seconds)}", "title"),
                (f" ({report.estimate.basis})", "dim"),
            ]
        )
    return lines
