"""What is asked before a recovery: durations, and the confirmation, with what the service says meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker

from drconsole.api.values import SiteEntry
from drconsole.console.draft import Judged
from drconsole.console.known.store import Store
from drconsole.console.screens.dialogs import Ask, Confirm
from drconsole.console.screens.recovery_wanted import Wanted, plan_of, summary
from drconsole.console.screens.verdict import ask_verdict, judged_line
from drconsole.console.style.look import Line
from drconsole.console.widgets.painted import Painted
from drconsole.console.words import durations

if TYPE_CHECKING:
    from drconsole.console.application import Application

SETTLES_S = 0.4
LOOKS_S = 0.25


class Verdict:
    """What the service says of what is wanted now. It is asked a moment after the last change."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._timer: Timer | None = None
        self._asking: Worker[None] | None = None
        self.judged: Judged | None = None

    def about(self, wanted: Wanted) -> None:
        """Asks about this from now on; what is being asked about something else is called off."""
        self.leave()
        self.judged = None
        self._timer = self._app.set_timer(SETTLES_S, lambda: self._ask(wanted))

    def leave(self) -> None:
        """Asks no more."""
        if self._timer is not None:
            self._timer.stop()
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self, wanted: Wanted) -> None:
        client = self._app.client
        if client is None:
            return

        def put(store: Store, judged: Judged) -> None:
            if judged.of == wanted:
                self.judged = judged

        question = plan_of(self._app.store, wanted)
        asking = partial(ask_verdict, client, question, wanted, self._app.post_message, put)
        self._asking = self._app.work(asking, group="verdict")

    def lines(self) -> list[Line]:
        """Returns what is known: the verdict, and what else blocks it."""
        if self.judged is None:
            return [[("asking the service what such a run would do …", "work")]]
        lines: list[Line] = [judged_line(self.judged)]
        findings = self.judged.report.findings if self.judged.report else ()
        blocking = [finding for finding in findings if finding.blocks]
        for finding in blocking[1:3]:
            lines.append([(f"✗ {finding.subject}: {finding.text}", "bad")])
        return lines


class AskDuration(Ask):
    """Asks for a duration; what is wrong with it is said while one types. An empty line is the site's."""

    NONE = "none"

    def __init__(self, word: str, wanted: Wanted, entry: SiteEntry | None) -> None:
        own = wanted.rto_s if word == "RTO" else wanted.rpo_s
        sites = (entry.rto_s if word == "RTO" else entry.rpo_s) if entry else None
        meant = "how long the recovery may take" if word == "RTO" else "how much may be lost, in time"
        lines: list[Line] = [
            [(f"{word}: {meant}, such as 4h, 1h30m or 15m.", "text")],
            [
                (
                    f"Empty: {'the site has ' + durations.written(sites) if sites else 'the site has none'}.",
                    "dim",
                )
            ],
        ]
        super().__init__(f"{word} of this run", lines, value=durations.written(own))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Says what the text means, or what is wrong with it."""
        self.query_one("#hint", Painted).paint([self._meaning(event.value)])

    def _meaning(self, text: str) -> Line:
        if not text.strip():
            return [("enter", "key"), (" takes the site's", "text")]
        try:
            seconds = durations.parsed(text)
        except ValueError as wrong:
            return [(f"✗ {wrong}", "bad")]
        return [(f"✓ {durations.written(seconds)}   ", "ok"), ("enter", "key"), (" takes it", "text")]

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes what is right."""
        event.stop()
        event.prevent_default()
        text = event.value.strip()
        try:
            durations.parsed(text) if text else None
        except ValueError:
            return
        self.dismiss(text or self.NONE)


class ConfirmDrill(Confirm):
    """Asks y or n before a drill, with what the service says of it."""

    wide = True

    def __init__(self, store: Store, wanted: Wanted, verdict: Verdict) -> None:
        self._told = _Told(
            [
                [("This starts a ", "text"), (" DRILL ", "drill"), (f" of {wanted.site}.", "text")],
                *summary(store, wanted),
            ],
            verdict,
        )
        super().__init__(f"Drill of {wanted.site}", self._told.lines(), "starts the drill")

    def on_mount(self) -> None:
        """The service's word comes when it comes."""
        self.set_interval(LOOKS_S, lambda: self._told.paint(self.query_one("#words", Painted)))


class ConfirmReal(Ask):
    """Asks for the site's name before a real run, with what the service says of it."""

    wide = True

    def __init__(self, store: Store, wanted: Wanted, verdict: Verdict, drills: Sequence[str]) -> None:
        site = wanted.site
        title, words = {
            "planned": (f"Move {site}", f" Move {site}: its guests are shut down there. This is no drill."),
            "disaster": (f"Recover {site} in earnest", f" Recover {site} in earnest. This is no drill."),
        }[wanted.mode]
        taken: list[Line] = [
            [(f"drill {drill} is pre-empted: its clones are dropped", "warn")] for drill in drills
        ]
        self._told = _Told(
            [[(" !! REAL !! ", "real"), (words, "text")], *summary(store, wanted), *taken],
            verdict,
            [[("Type the site's name to confirm:", "warn")]],
        )
        super().__init__(title, self._told.lines(), exactly=site)

    def on_mount(self) -> None:
        """The service's word comes when it comes."""
        self.set_interval(LOOKS_S, lambda: self._told.paint(self.query_one("#words", Painted)))


class _Told:
    """Lines with the service's word among them."""

    def __init__(self, above: Sequence[Line], verdict: Verdict, below: Sequence[Line] = ()) -> None:
        self._above, self._verdict, self._below = above, verdict, below

    def lines(self) -> list[Line]:
        return [*self._above, [], *self._verdict.lines(), *self._below]

    def paint(self, words: Painted) -> None:
        words.paint(self.lines())
