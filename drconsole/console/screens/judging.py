"""What the service would say of the drafts: asked in the background once edits have settled, and by V."""

from __future__ import annotations

import asyncio

from textual.timer import Timer
from textual.worker import Worker

from drconsole.api import requests
from drconsole.console.draft import Judged, MappingDraft, SelectionDraft
from drconsole.console.known.store import Store
from drconsole.console.screens.dialogs import Report
from drconsole.console.screens.placing import Placing
from drconsole.console.screens.verdict import ask_verdict, judged_line, report_lines
from drconsole.console.style.look import Line
from drconsole.errors import Refused
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
