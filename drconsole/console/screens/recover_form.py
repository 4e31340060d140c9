"""The form of a recovery: how, from which snapshot, with what; and what the service says of it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from textual.binding import Binding

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console.screens.dialogs import Choose, Dialog, Option, Report
from drconsole.console.screens.recovery_asking import LOOKS_S, AskDuration, Verdict
from drconsole.console.screens.recovery_wanted import (
    LATEST,
    MODES,
    Wanted,
    drafts_of,
    of_snapshot,
    plan_of,
    told,
)
from drconsole.console.screens.verdict import report_lines
from drconsole.console.style.look import Line, Span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.painted import Painted
from drconsole.console.words import durations, phrases
from drconsole.model.step import Mode

if TYPE_CHECKING:
    from drconsole.console.application import Application

_AROUND = 6
_NAMES = tuple(MODES)
_SNAPSHOTS = (
    Column(name="taken", title="TAKEN", width=17),
    Column(name="holds", title="HOLDS", width=22, flex=1),
    Column(name="is", title="", width=14),
)


class RecoverForm(Dialog[Wanted]):
    """Asks how to recover a site. Enter goes on to the confirmation."""

    BINDINGS = [
        Binding("j,down", "mode(1)", show=False),
        Binding("k,up", "mode(-1)", show=False),
        Binding("enter", "go_on", show=False),
        Binding("s", "snapshot", show=False),
        Binding("m", "own('own_mapping')", show=False),
        Binding("g", "own('own_selection')", show=False),
        Binding("o", "objective('rto_s')", show=False),
        Binding("p", "objective('rpo_s')", show=False),
        Binding("u", "turn('review_uplinks')", show=False),
        Binding("c", "turn('cleanup')", show=False),
        Binding("V", "findings", show=False),
    ]
    wide = True

    def __init__(self, app: Application, wanted: Wanted, verdict: Verdict) -> None:
        hint: list[Span] = [
            ("j k", "key"), (" mode  ", "text"), ("s m g o p u c", "key"), (" change  ", "text"),
            ("V", "key"), (" findings  ", "text"), ("enter", "key"), (" goes on  ", "text"),
            ("esc", "key"), (" nothing", "dim"),
        ]  # fmt: skip
        super().__init__(f"Recover {wanted.site}", (), hint)
        self._home = app
        self._verdict = verdict
        self.wanted = wanted

    def on_mount(self) -> None:
        """The words follow what is known."""
        self.query_one("#scroll").styles.max_height = max(3, self.app.size.height - _AROUND)
        self._verdict.about(self.wanted)
        self._tell()
        self.set_interval(LOOKS_S, self._tell)

    def _tell(self) -> None:
        lines: list[Line] = []
        for mode, words in MODES.items():
            here = mode == self.wanted.mode
            role = "drill" if mode == "drill" else "real"
            lines.append([("▸ " if here else "  ", "key"), (f"{mode:<9} ", role if here else "text"),
                          (words, "text" if here else "dim")])  # fmt: skip
        lines.append([])
        store = self._home.store
        lines += [
            [(f"{key} ", "key"), (f"{name:<10} ", "dim"), value]
            for key, name, value in told(store, self.wanted)
        ]
        self.query_one("#words", Painted).paint([*lines, [], *self._verdict.lines()])

    def _take(self, wanted: Wanted) -> None:
        if wanted != self.wanted:
            asked_before, self.wanted = plan_of(self._home.store, self.wanted), wanted
            if plan_of(self._home.store, wanted) != asked_before:
                self._verdict.about(wanted)
        self._tell()

    # -- keys ---------------------------------------------------------------------------------------

    def action_mode(self, by: int) -> None:
        """The next mode, or the one before."""
        index = _NAMES.index(self.wanted.mode) + by
        mode: Mode = _NAMES[max(0, min(index, len(_NAMES) - 1))]
        self._take(msgspec.structs.replace(self.wanted, mode=mode))

    def action_turn(self, name: str) -> None:
        """Turns a box."""
        if name == "cleanup" and self.wanted.mode != "drill":
            return
        self._take(msgspec.structs.replace(self.wanted, **{name: not getattr(self.wanted, name)}))

    def action_own(self, name: str) -> None:
        """Uses what stands on screen 3 or 4, or not."""
        drafts = drafts_of(self._home.store, self.wanted.site, self.wanted.snapshot)
        if drafts[name == "own_selection"] is not None:
            self.action_turn(name)
        else:
            screen = "3" if name == "own_mapping" else "4"
            self._warn(f"nothing was chosen on screen {screen} for this snapshot")

    def action_objective(self, name: str) -> None:
        """Asks for an objective of this run."""
        entry = self._home.store.sites.get(self.wanted.site)
        ask = AskDuration(name.removesuffix("_s").upper(), self.wanted, entry)

        def given(text: str | None) -> None:
            if text is not None:
                seconds = None if text == AskDuration.NONE else durations.parsed(text)
                self._take(msgspec.structs.replace(self.wanted, **{name: seconds}))

        self.app.push_screen(ask, given)

    def action_snapshot(self) -> None:
        """Asks which snapshot."""
        store = self._home.store

        def choose(entries: tuple[SnapshotEntry, ...]) -> None:
            taken = {entry.id: entry.taken for entry in entries}
            self.app.push_screen(
                Choose("From which snapshot?", [], _SNAPSHOTS, _options(entries)),
                lambda key: (
                    self._take(of_snapshot(store, self.wanted, key, taken.get(key, ""))) if key else None
                ),
            )

        request = requests.ListSnapshots(site=self.wanted.site)
        self._home.ask("reading the snapshots", request, choose)

    def action_findings(self) -> None:
        """Shows all that the service found."""
        judged = self._verdict.judged
        if judged is not None and judged.report is not None:
            self.app.push_screen(Report(f"What a {self.wanted.mode} would meet", report_lines(judged.report)))
        else:
            self._warn("the service has not answered yet")

    def action_go_on(self) -> None:
        """On to the confirmation."""
        self.dismiss(self.wanted)

    def _warn(self, words: str) -> None:
        self.query_one("#hint", Painted).paint([[(words, "warn")]])


def _options(entries: Sequence[SnapshotEntry]) -> list[Option]:
    latest = Option(
        key=LATEST, cells=(("latest", "title"), ("the newest that is verified", "text"), ("", "text"))
    )
    return [latest, *(_option(entry) for entry in reversed(entries))]


def _option(entry: SnapshotEntry) -> Option:
    holds = f"{phrases.count(entry.hosts, 'host')}, {phrases.count(entry.guests, 'guest')}"
    good: Span = ("✓ verified", "ok") if entry.verified else ("! not verified", "warn")
    return Option(key=entry.id, cells=((phrases.when(entry.taken), "text"), (holds, "text"), good))
