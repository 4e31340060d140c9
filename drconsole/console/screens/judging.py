"""What the service would say of the drafts: asked in the background once edits have settled, and by V."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.timer import Timer
from textual.worker import Worker

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.console import phrases
from drconsole.console.draft import Judged, MappingDraft, SelectionDraft
from drconsole.console.messages import Arrived
from drconsole.console.screens.dialogs import Report
from drconsole.console.screens.placing import Placing
from drconsole.console.store import Store
from drconsole.console.widgets.drawing import Line, Span
from drconsole.errors import DRConsoleError, Refused
from drconsole.model.plan import PlanReport

SETTLES_S = 1.0


class Judging(Placing):
    """A screen that says whether the service would start a run with what stands here."""

    _judging: object = None
    _judge_timer: Timer | None = None

    # -- in the background ----------------------------------------------------------------------------

    def judge(self) -> None:
        """Asks the service a second after the last edit; whoever only looks does not ask devices."""
        of = self._versions()
        if of is None or self._judging == of or self.console_app.read_only:
            return
        self._judging = of
        if self._judge_timer is not None:
            self._judge_timer.stop()
        known = self.store.desk.judged.get(self.store.site)
        if known is None or known.of != of:
            self._judge_timer = self.set_timer(SETTLES_S, self._ask_quietly)

    def _versions(self) -> object:
        """What tells the drafts as they are from all others; None where there is nothing to judge yet."""
        mapping, selection = self.mapping, self.selection
        if mapping is None or mapping.problem(self.store.targets or ()):
            return None
        if selection is None or selection.snapshot_id != mapping.snapshot_id:
            return None
        return (id(mapping), mapping.version, id(selection), selection.version)

    def _ask_quietly(self) -> None:
        of, client, site = self._versions(), self.console_app.client, self.store.site
        if of is None or client is None:
            self._judging = None
            return

        def put(store: Store, judged: Judged) -> None:
            store.desk.judged[site] = judged

        put(self.store, Judged(of=of))
        mapping, selection = self.mapping, self.selection

        async def work() -> None:
            # Many guests make a long document: nobody waits for it to be written.
            question = await asyncio.to_thread(_question, site, mapping, selection)
            await ask_verdict(client, question, of, self.app.post_message, put)

        self._judge: Worker[None] = self.run_worker(
            work, group="judging", exclusive=True, exit_on_error=False
        )
        self.update()

    def verdict(self) -> Line:
        """Returns what the service said of the drafts as they are, as a line."""
        if self.console_app.read_only:
            return [("an observer does not ask the service for its verdict", "dim")]
        judged, of = self.store.desk.judged.get(self.store.site), self._versions()
        if of is None:
            return [("the service is asked once there is nothing to mend here", "dim")]
        if judged is None or judged.of != of or (judged.report is None and not judged.trouble):
            return [("the service is being asked …", "work")]
        return judged_line(judged)

    # -- by V -----------------------------------------------------------------------------------------

    def do_validate(self) -> None:
        """Shows all that the service found: what it said of these drafts, or it is asked now."""
        mapping, selection = self.mapping, self.selection
        if mapping is None and selection is None:
            self.console_app.say("there is nothing to validate yet", "warn")
            return
        if mapping and selection and mapping.snapshot_id != selection.snapshot_id:
            error = Refused("the mapping and the selection are of different snapshots", about=self.store.site)
            self.console_app.fail("validate", error)
            return
        judged, of = self.store.desk.judged.get(self.store.site), self._versions()
        if judged is not None and judged.report is not None and judged.of == of:
            self._validated(judged.report)
        else:
            question = _question(self.store.site, mapping, selection)
            self.console_app.ask("validating", question, self._validated)

    def _validated(self, report: PlanReport) -> None:
        self.app.push_screen(Report(f"Validation of {report.site}", report_lines(report)))


def _question(site: str, mapping: MappingDraft | None, selection: SelectionDraft | None) -> requests.PlanRun:
    """Returns the question what a drill with these drafts would do; one of them is there."""
    chosen = mapping or selection
    assert chosen is not None
    return requests.PlanRun(
        site=site,
        mode="drill",
        snapshot=chosen.snapshot_id,
        mapping=mapping.mapping() if mapping else None,
        selection=selection.selection() if selection else None,
    )


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
