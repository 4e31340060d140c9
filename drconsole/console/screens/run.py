"""Screen 5: a run as it happens, and the operator's verbs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from textual.widget import Widget

from drconsole.console.known.following import Following
from drconsole.console.screens import run_rows, run_words
from drconsole.console.screens.dialogs import Report
from drconsole.console.screens.run_shown import RunShown
from drconsole.console.screens.run_timeline import COLUMNS as TIMELINE
from drconsole.console.screens.view import SEPARATOR
from drconsole.console.style.look import Span, mark
from drconsole.console.widgets.columns import width_of
from drconsole.console.widgets.drawing import fitted, length_of, prose
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.stages import stage_lines
from drconsole.console.widgets.table import Cells, VirtualTable, position
from drconsole.console.words import phrases
from drconsole.model.run import Event

_LEAST_ERROR = 16
_TABLES = ("machines", "steps", "guests")
_COLUMNS = run_rows.COLUMNS | {"timeline": TIMELINE}
_NO_RUN = "no run yet: R starts one"


class RunScreen(RunShown, screen="run"):
    """Stages; machines, steps, guests, or the timeline; the log."""

    DEFAULT_CSS = """
    RunScreen #stages { height: 4; }
    RunScreen #doing { height: 1fr; min-height: 5; }
    RunScreen #axis { height: 2; padding: 0 2; }
    RunScreen #log { height: 12; }
    RunScreen.low #log { height: 6; }
    RunScreen.timed #log { display: none; }
    RunScreen #walk { height: auto; max-height: 3; padding: 0 2; }
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._events: dict[str, Event] = {}
        self._shown_run = ""
        self._log_shown = (0, "")

    def body(self) -> Iterable[Widget]:
        yield Painted(id="walk", classes="gone")
        yield Painted(id="stages", classes="pane")
        yield VirtualTable(run_rows.COLUMNS["machines"], self._cells, id="doing", empty=_NO_RUN)
        yield Painted(id="axis", classes="gone")
        yield VirtualTable(run_rows.LOG_COLUMNS, self._log_cells, id="log", headed=False)

    @property
    def _log(self) -> VirtualTable:
        return self.query_one("#log", VirtualTable)

    def on_mount(self) -> None:
        """The machines have the keys."""
        self.query_one("#body").add_class("column")
        self.doing.focus()

    def focus_table(self) -> None:
        """The machines have the keys."""
        self.doing.focus()

    # -- drawing ----------------------------------------------------------------------------------

    def crumbs(self) -> Sequence[str]:
        """Site, run, whether it is followed."""
        following = self.store.following
        if following is None or following.view is None:
            return (self.store.site, following.run if following else "no run")
        view = following.view
        goes_on = "attached" if self.has_class("narrow") else "attached (goes on without you)"
        word = goes_on if following.attached else "detached"
        run = f"{view.run} {view.mode} {mark(view.state)[0]} {view.state}"
        if following.moment is not None:
            return (run,) if self.has_class("narrow") else (view.site, run)
        return (view.site, run, word)

    def labels(self) -> dict[str, str]:
        """What the verbs would do now; those that do not apply stay out."""
        found = run_words.labels(self.store.following, len(self.store.runs))
        timed = self.shows == "timeline"
        found["table"] = "" if timed else _TABLES[(_TABLES.index(self.shows) + 1) % len(_TABLES)]
        found["timeline"] = "machines" if timed else "timeline"
        found["open"] = "" if self.shows == "guests" else "open"
        return found | self.passing_labels()

    def show(self) -> None:
        """Everything about the run that is looked at."""
        following = self.store.following
        if following is not None and following.run != self._shown_run:
            self._shown_run, self.only = following.run, ()
            self._log_shown = (-1, "")
        if following is not None:
            following.timeline_shown = self.shows == "timeline"
        self.show_walk(following)
        self._show_stages(following)
        self._show_table(following)
        self.show_axis(following)
        self._show_log(following)
        self.tell_standing(following)

    def _show_stages(self, following: Following | None) -> None:
        pane = self.query_one("#stages", Painted)
        view = following.view if following else None
        if following is None or view is None:
            pane.entitle("Stages")
            pane.paint([[("asking the service …" if following else _NO_RUN, "dim")]])
            return
        done = sum(stage.state in ("done", "skipped") for stage in view.stages)
        facts = [*run_words.outcome(view), run_words.finish(view, following.timeline)]
        pane.entitle(f"Stages {done}/{len(view.stages)}", " · ".join(fact for fact in facts if fact))
        width, look = pane.size.width, self.console_app.look
        pane.paint(stage_lines(view.stages, run_words.paces(following), following.now(), width, look))

    def _show_table(self, following: Following | None) -> None:
        table = self.doing
        if following is None or following.view is None:
            table.show(())
            table.entitle("Machines")
            return
        if self.shows == "timeline":
            table.show(self.timeline_keys(following))
            table.entitle(*self.timeline_title(following.timeline))
            return
        keys = {
            "machines": lambda: run_rows.machine_keys(following, self.passes),
            "steps": lambda: run_rows.step_keys(following, self.only, self.passes),
            "guests": lambda: run_rows.guest_keys(following, self.passes),
        }[self.shows]()
        table.show(keys)
        table.entitle(self._title(following, len(keys)), f"errors first  {position(table)}")

    def _title(self, following: Following, number: int) -> str:
        view = following.view
        assert view is not None
        states: Counter[str]
        if self.shows == "machines":
            states = Counter(run_rows.machine_state(following, machine) for machine in view.machines)
        elif self.shows == "steps":
            states = Counter(following.steps.tally(*self.only) if self.only else following.steps.states())
        else:
            states = Counter(guest.state for guest in view.guests)
        words = "".join(f" · {state} {found}" for state, found in sorted(states.items()))
        of = f" of {self.only[0]}" if self.only else ""
        return f"{self.shows.capitalize()} {number}{of}{words}"

    def _show_log(self, following: Following | None) -> None:
        log = self._log
        follows = not log.keys or log.cursor == log.keys[-1] or not log.has_focus
        shown = (following.seq if following else 0, self.filter)
        if shown != self._log_shown:
            self._log_shown = shown
            events = following.log if following else []
            self._events = {str(e.seq): e for e in events if run_rows.log_passes(e, self.passes)}
            log.show(tuple(self._events))
        if follows and log.keys:
            log.select(log.keys[-1])
        log.entitle(f"Log · {'follow' if follows else 'held at the cursor: G follows'}", position(log))

    def _cells(self, key: str) -> Cells:
        following = self.store.following
        if following is None:
            return tuple(("", "text") for _ in _COLUMNS[self.shows])
        if self.shows == "timeline":
            return self.timeline_cells(following, key)
        if self.shows == "machines":
            return run_rows.machine_cells(following, key, self._bar_width)
        return {"steps": run_rows.step_cells, "guests": run_rows.guest_cells}[self.shows](following, key)

    @property
    def _bar_width(self) -> int:
        return width_of("bar", run_rows.COLUMNS["machines"], self.doing.size.width)

    def _log_cells(self, key: str) -> Cells:
        return run_rows.log_cells(self._events[key])

    def live(self) -> list[Span]:
        """How the run goes, and whether it waits for somebody."""
        following, now = self.store.following, time.monotonic()
        if following is None or following.view is None:
            return super().live()
        view = following.view
        live = following.live and following.attached and following.moment is None
        elapsed = view.elapsed_s + (now - following.viewed if live else 0.0)
        done = following.steps.states()["done"]
        waits = following.waits()
        spans: list[Span] = [
            self.carried(following, now), SEPARATOR,
            (f"{phrases.span(elapsed)} elapsed", "text"), SEPARATOR,
            (f"step {done:,}/{len(view.steps):,}", "text"), SEPARATOR,
            (f"waiting for you: {waits}", "bad") if waits else ("waits for nobody", "dim"),
        ]  # fmt: skip
        here = self.failed_here(following) if following.failed() else []
        look = self.console_app.look
        room = self.size.width - length_of(spans, look) - 5
        if not here or room < _LEAST_ERROR:
            return spans
        return [*spans, SEPARATOR, (fitted(here[0].error or "", room, look), "warn")]

    def carried(self, following: Following, now: float) -> Span:
        """Returns who carries the run."""
        return run_words.carried(following, now)

    # -- keys that change what is shown ---------------------------------------------------------------

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The verbs are those of the row under the cursor."""
        if event.table is self.doing:
            self.update()

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """A machine opens into its steps, a step into all that is known of it."""
        following = self.store.following
        if event.table is self._log and event.key in self._events:
            if step := self._events[event.key].step:
                self.open_step(step)
            return
        if event.table is not self.doing or following is None:
            return
        if self.shows in ("machines", "timeline"):
            machine = following.machine(event.key)
            if machine is not None and machine.role == "former" and not following.steps_of(event.key):
                told = prose(f"{machine.target} {machine.note}")
                self.app.push_screen(Report(f"{machine.target} has no role any more", told))
            elif machine is not None:
                self.only = (event.key, machine.protected)
                self.turn_to("steps")
        elif self.shows == "steps":
            self.open_step(event.key)

    def do_table(self) -> None:
        """Machines, steps, guests, in turn."""
        self.only = ()
        shows = self.shows if self.shows in _TABLES else _TABLES[-1]
        self.turn_to(_TABLES[(_TABLES.index(shows) + 1) % len(_TABLES)])

    def do_timeline(self) -> None:
        """The run in time, and back."""
        self.only = ()
        self.turn_to("machines" if self.shows == "timeline" else "timeline")

    def turn_to(self, shows: str) -> None:
        """Shows another table."""
        self.shows = shows
        self.set_class(shows == "timeline", "timed")
        self.doing.recolumn(_COLUMNS[shows], self._cells)
        self.doing.focus()
        self.update()

    def do_up(self) -> None:
        """Clears the filter, then back to the machines."""
        if self.filter or self.shows == "machines":
            super().do_up()
        else:
            self.only = ()
            self.turn_to("machines")

    def do_uplinks(self) -> None:
        """Goes to the uplinks of this row's host."""
        following, key = self.store.following, self.doing.cursor
        machine = following.machine(key) if following else None
        if machine is not None and machine.role == "host":
            self.console_app.go_to("uplinks", "host", machine.protected)
        else:
            self.console_app.go("uplinks")

    def reveal(self, kind: str, key: str) -> bool:
        """Puts the cursor on a machine, a step or a guest of the run: the table that has it is shown."""
        following = self.store.following
        if following is None or following.view is None:
            return False
        wanted = "steps" if key in following.steps else "guests" if following.guest(key) else "machines"
        if wanted != self.shows and not (self.shows == "timeline" and wanted == "machines"):
            self.only = ()
            self.turn_to(wanted)
        return super().reveal(kind, key)
