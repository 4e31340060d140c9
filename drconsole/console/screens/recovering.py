"""Starting a recovery, from any screen: mode, confirmation, and what it is started with."""

from __future__ import annotations

from drconsole.api import requests
from drconsole.api.values import RunStarted
from drconsole.console import phrases
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Option
from drconsole.console.screens.view import View
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Line
from drconsole.errors import Refused
from drconsole.model.step import Mode

_COLUMNS = (
    Column(name="mode", title="MODE", width=10),
    Column(name="what", title="WHAT IT DOES", width=30, flex=1),
)
_MODES = (
    Option(
        key="drill",
        cells=(
            ("drill", "drill"),
            ("isolated copies; replication goes on; held until you clean it up", "text"),
        ),
    ),
    Option(
        key="disaster",
        cells=(
            ("disaster", "real"),
            ("the protected site is gone: its machines become production here", "text"),
        ),
    ),
    Option(
        key="planned",
        cells=(
            ("planned", "real"),
            ("guests are shut down there, synchronised, and start here: nothing is lost", "text"),
        ),
    ),
)

_GIVEN_BACK = frozenset({"done", "failed", "cancelled"})


class Recovering(View):
    """What the screens share that can start a recovery."""

    def do_recover(self) -> None:
        """Asks for the mode, then for the confirmation that the mode wants."""
        site = self.store.site
        if not site:
            self.console_app.say("there is no site to recover", "warn")
            return
        self.app.push_screen(Choose(f"Recover {site}", self._with(), _COLUMNS, _MODES), self._mode_chosen)

    def _mode_chosen(self, mode: str | None) -> None:
        site = self.store.site
        if mode == "drill":
            lines: list[Line] = [
                [("This starts a ", "text"), (" DRILL ", "drill"), (f" of {site}.", "text")],
                *self._with(),
            ]
            self.app.push_screen(
                Confirm(f"Drill of {site}", lines, "starts the drill"),
                lambda yes: self._start("drill", "") if yes else None,
            )
        elif mode == "planned":
            told = f" Move {site}: its guests are shut down there. This is no drill."
            self._confirm_real("planned", f"Move {site}", told)
        elif mode == "disaster":
            told = f" Recover {site} in earnest. This is no drill."
            self._confirm_real("disaster", f"Recover {site} in earnest", told)

    def _confirm_real(self, mode: Mode, title: str, told: str) -> None:
        lines: list[Line] = [
            [(" !! REAL !! ", "real"), (told, "text")],
            *self._with(),
            *([(f"drill {drill} is pre-empted: its clones are dropped", "warn")] for drill in self._drills()),
            [("Type the site's name to confirm:", "warn")],
        ]
        self.app.push_screen(
            Ask(title, lines, exactly=self.store.site),
            lambda typed: self._start(mode, typed) if typed else None,
        )

    def _drills(self) -> list[str]:
        """The site's drills that have not been cleaned up: a real run takes their groups."""
        mine = (run for run in self.store.runs if run.site == self.store.site)
        return [run.run for run in mine if run.mode == "drill" and run.state not in _GIVEN_BACK]

    def _with(self) -> list[Line]:
        mapping, selection = self._drafts()
        return [
            [
                ("snapshot   ", "dim"),
                (phrases.short(mapping.snapshot_id) if mapping else "latest verified", "text"),
            ],
            [("mapping    ", "dim"), ("as on screen 3 Map" if mapping else "matched automatically", "text")],
            [
                ("guests     ", "dim"),
                ("as on screen 4 VMs" if selection else "all that can be recovered", "text"),
            ],
            [],
        ]

    def _drafts(self) -> tuple[MappingDraft | None, SelectionDraft | None]:
        """What the operator has chosen; what was only looked at is decided anew."""
        mapping = self.store.mappings.get(self.store.site)
        selection = self.store.selections.get(self.store.site)
        return (
            mapping if mapping is not None and mapping.touched else None,
            selection if selection is not None and selection.touched else None,
        )

    def _start(self, mode: Mode, confirm: str) -> None:
        mapping, selection = self._drafts()
        if mapping and selection and mapping.snapshot_id != selection.snapshot_id:
            error = Refused(
                "the mapping and the selection are of different snapshots",
                about=self.store.site,
                remedy="A on screen 3, or r reads a document again",
            )
            self.console_app.fail("recover", error)
            return
        chosen = mapping or selection
        request = requests.Recover(
            site=self.store.site,
            mode=mode,
            snapshot=chosen.snapshot_id if chosen else "latest",
            mapping=mapping.mapping() if mapping else None,
            selection=selection.selection() if selection else None,
            confirm=confirm,
        )
        self.console_app.ask(f"starting a {mode} of {self.store.site}", request, self._started)

    def _started(self, reply: RunStarted) -> None:
        self.console_app.follow(reply.run)
        self.console_app.say(f"{reply.run} started", "ok")
        if self.app.screen is self:
            self.action_go("run")
