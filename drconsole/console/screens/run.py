"""Screen 5: a run as it happens, and the operator's verbs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from textual.widget import Widget

from drconsole.console import phrases
from drconsole.console.following import AT_REST, Following
from drconsole.console.screens import run_rows
from drconsole.console.screens.run_changes import RunChanges
from drconsole.console.screens.view import SEPARATOR
from drconsole.console.widgets.columns import width_of
from drconsole.console.widgets.drawing import Span, fitted, length_of
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.stages import stage_lines
from drconsole.console.widgets.table import Cells, VirtualTable, position
from drconsole.console.widgets.uplinks import uplink_lines
from drconsole.model.run import Event, RunView

_LEAST_ERROR = 16
_TABLES = ("machines", "steps", "guests")
_NO_RUN = "no run yet: R starts one"


class RunScreen(RunChanges, screen="run"):
    """Stages, machines (or steps, or guests), a host's uplinks, the log."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._events: dict[str, Event] = {}
        self._shown_run = ""
        self._log_shown = (0, "")
        self._uplinks = False

    def body(self) -> Iterable[Widget]:
        yield Painted(id="stages", classes="pane")
        yield VirtualTable(run_rows.COLUMNS["machines"], self._cells, id="doing", empty=_NO_RUN)
        yield Painted(id="uplink", classes="pane")
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
        return (view.site, f"{view.run} {view.mode} {view.state}", word)

    def labels(self) -> dict[str, str]:
        """What the verbs would do now; those that do not apply stay out."""
        following = self.store.following
        view = following.view if following else None
        live = following is not None and following.live and view is not None
        failed = bool(following and following.failed())
        clean = (
            view is not None
            and not following_cleans(following)
            and view.state in ("held", "done", "failed", "cancelled")
        )
        undone = clean and view is not None and (view.cleanup is None or view.cleanup.state == "failed")
        shows = _TABLES[(_TABLES.index(self.shows) + 1) % len(_TABLES)]
        return {
            "approve": "answer…" if following is not None and following.questions() else "",
            "retry": "retry" if failed else "",
            "skip": "skip…" if failed else "",
            "pause": ("resume" if view.paused_by else "pause") if live and view is not None else "",
            "replace": "replace…" if replaceable(view) else "",
            "flags": "flags…" if replaceable(view) else "",
            "cancel": "cancel…" if live and view is not None and view.state not in AT_REST else "",
            "cleanup": "cleanup…" if undone and view is not None and view.mode == "drill" else "",
            "recover": "" if live else "recover…",
            "table": shows,
            "uplinks": "log" if self._uplinks and self.has_class("low") else "uplinks",
            "detach": "" if following is None else "detach" if following.attached else "attach",
            "runs": "runs" if len(self.store.runs) > 1 else "",
            "open": "open" if self.shows != "guests" else "",
        }

    def show(self) -> None:
        """Everything about the run that is looked at."""
        following = self.store.following
        if following is not None and following.run != self._shown_run:
            self._shown_run, self.only = following.run, ()
            self._log_shown = (-1, "")
        self._show_stages(following)
        self._show_table(following)
        self._show_uplinks(following)
        self._show_log(following)
        self.tell_standing(following)

    def _show_stages(self, following: Following | None) -> None:
        pane = self.query_one("#stages", Painted)
        view = following.view if following else None
        if view is None:
            pane.entitle("Stages")
            pane.paint([[("asking the service …" if following else _NO_RUN, "dim")]])
            return
        done = sum(stage.state in ("done", "skipped") for stage in view.stages)
        facts = [f"RPO at halt {phrases.span(view.rpo_s)}"] if view.rpo_s is not None else []
        facts += [f"RTO {phrases.span(view.rto_s)}"] if view.rto_s is not None else []
        if view.fidelity is not None:
            lost = sum(difference.klass == "lost" for difference in view.fidelity.differences)
            facts.append(f"fidelity {view.fidelity.matched}/{view.fidelity.total}, {lost} lost")
        facts += [f"cleanup {view.cleanup.state}"] if view.cleanup else []
        pane.entitle(f"Stages {done}/{len(view.stages)}", " · ".join(facts))
        pane.paint(stage_lines(view.stages, datetime.now(UTC), pane.size.width, self.console_app.look))

    def _show_table(self, following: Following | None) -> None:
        table = self.doing
        if following is None or following.view is None:
            table.show(())
            table.entitle("Machines")
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

    def _show_uplinks(self, following: Following | None) -> None:
        pane, low = self.query_one("#uplink", Painted), self.has_class("low")
        target = self.doing.cursor if self.shows == "machines" else ""
        view = following.view if following else None
        machine = following.machine(target) if following and target else None
        name = machine.protected if machine and machine.role == "host" else ""
        if not name and following and following.uplinks:
            name = next(reversed(following.uplinks))
        wanted = self._uplinks if low else bool(name)
        pane.set_class(not wanted, "gone")
        self._log.set_class(low and wanted, "gone")
        if not wanted:
            return
        facts = following.uplinks.get(name) if following else None
        on = next((m.target for m in view.machines if m.protected == name), "") if view else ""
        pane.entitle(f"Uplinks · {name} on {on}" if name else "Uplinks")
        pane.paint(uplink_lines(facts, pane.size.width, self.console_app.look))

    def _show_log(self, following: Following | None) -> None:
        log = self._log
        follows = not log.keys or log.cursor == log.keys[-1] or not log.has_focus
        shown = (following.seq if following else 0, self.filter)
        if shown != self._log_shown:
            self._log_shown = shown
            events = following.log if following else []
            self._events = {str(e.seq): e for e in events if run_rows.log_passes(e, self.passes)}
            log.show(tuple(self._events))
        log.entitle(f"Log · {'follow' if follows else 'held at the cursor: G follows'}", position(log))
        if follows and log.keys:
            log.select(log.keys[-1])

    def _cells(self, key: str) -> Cells:
        following = self.store.following
        if following is None:
            return tuple(("", "text") for _ in run_rows.COLUMNS[self.shows])
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
        view, live = following.view, following.live
        elapsed = view.elapsed_s + (now - following.viewed if live else 0.0)
        done = following.steps.states()["done"]
        spans: list[Span] = [
            self._age(following, now),
            SEPARATOR,
            (f"{phrases.span(elapsed)} elapsed", "text"),
        ]
        spans += [SEPARATOR, (f"step {done}/{len(view.steps)}", "text")]
        failed = following.failed()
        waits = following.waits()
        spans.append(SEPARATOR)
        spans.append((f"waiting for you: {waits}", "bad") if waits and live else ("waits for nobody", "dim"))
        here = self.failed_here(following) if failed else []
        look = self.console_app.look
        room = self.size.width - length_of(spans, look) - 5
        if not here or room < _LEAST_ERROR:
            return spans
        return [*spans, SEPARATOR, (fitted(here[0].error or "", room, look), "warn")]

    def _age(self, following: Following, now: float) -> Span:
        view = following.view
        assert view is not None
        age = phrases.age(now - following.viewed)
        if not following.attached:
            return f"STALE {age} (detached)", "warn"
        if not following.live:
            return f"run {view.state}", "ok" if view.state in ("held", "done") else "warn"
        stale = now - following.viewed > 15
        return f"run {view.state} {'STALE ' if stale else ''}{age}", "warn" if stale else "ok"

    # -- keys that change what is shown ---------------------------------------------------------------

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The uplinks are those of the machine under the cursor."""
        if event.table is self.doing:
            self.update()

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """A machine opens into its steps, a step into all that is known of it."""
        following = self.store.following
        if event.table is not self.doing or following is None:
            return
        if self.shows == "machines":
            machine = following.machine(event.key)
            self.only = (event.key, machine.protected) if machine else (event.key,)
            self._turn_to("steps")
        elif self.shows == "steps":
            self.open_step(event.key)

    def do_table(self) -> None:
        """Machines, steps, guests, in turn."""
        self.only = ()
        self._turn_to(_TABLES[(_TABLES.index(self.shows) + 1) % len(_TABLES)])

    def _turn_to(self, shows: str) -> None:
        self.shows = shows
        self.doing.recolumn(run_rows.COLUMNS[shows], self._cells)
        self.doing.focus()
        self.update()

    def do_up(self) -> None:
        """Back to the machines."""
        if self.shows != "machines":
            self.only = ()
            self._turn_to("machines")

    def do_uplinks(self) -> None:
        """Uplinks in the log's place; where there is room, both are shown anyway."""
        self._uplinks = not self._uplinks
        if self.shows != "machines":
            self.only = ()
            self._turn_to("machines")
        self.update()


def replaceable(view: RunView | None) -> bool:
    """Whether the plan of a run can still be changed: until something of its storage has begun."""
    if view is None or view.state in AT_REST:
        return False
    return all(stage.started is None for stage in view.stages if stage.name in ("storage", "import"))


def following_cleans(following: Following | None) -> bool:
    """Whether a cleanup is under way."""
    return following is not None and following.cleaning
