"""What operators change of a run that goes on: pause it, replace a target, set deploy flags late."""

from __future__ import annotations

from drconsole.api import requests
from drconsole.api.values import RunFlags, Spare, StepDetail
from drconsole.console.known.following import AT_REST, Following
from drconsole.console.screens.dialogs import Choose, Confirm, Option, Report
from drconsole.console.screens.run_verbs import RunVerbs
from drconsole.console.screens.step_page import StepPage, page_width, step_then
from drconsole.console.style.look import Line, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.model.run import MachineView, RunView
from drconsole.model.step import key_part

_SPARES = (
    Column(name="target", title="TARGET", width=12),
    Column(name="fit", title="FIT", width=8),
    Column(name="why", title="WHY", width=40, flex=1),
)
_FLAGS = (
    Column(name="deploy", title="DEPLOY", width=10),
    Column(name="kind", title="KIND", width=9),
    Column(name="name", title="NAME", width=24, flex=1),
    Column(name="why", title="CANNOT BE CHANGED", width=20, flex=1, rank=1),
)
_FITS = {"good": ("✓ good", "ok"), "tight": ("! tight", "warn"), "none": ("✗ none", "dim")}


class RunChanges(RunVerbs):
    """Further verbs of the Run screen."""

    def _going_on(self) -> RunView | None:
        """The run's view, if it goes on; else says that there is nothing to change."""
        following = self.store.following
        view = following.view if following is not None else None
        if view is None or view.state in AT_REST:
            self.console_app.say("no run goes on", "dim")
            return None
        return view

    def do_pause(self) -> None:
        """Pauses the run, or lets a paused one go on; a cleanup too."""
        following = self.store.following
        view = following.view if following is not None else None
        if following is None or view is None or not following.live:
            self.console_app.say("no run goes on", "dim")
        elif view.paused_by:
            request = requests.Resume(run=view.run)
            self.console_app.ask("resume", request, lambda reply: self._done("goes on:", reply))
        else:
            paused = requests.Pause(run=view.run, reason="from the console")
            self.console_app.ask("pause", paused, lambda reply: self._done("paused:", reply))

    # -- replacing a target -----------------------------------------------------------------------

    def do_replace(self) -> None:
        """Asks which spare takes over the role of the row's machine."""
        following = self.store.following
        if self._going_on() is not None and following is not None:
            self._replace(following, self._machine_here(following))

    def _replace(self, following: Following, machine: MachineView | None) -> None:
        view = following.view
        if view is None or machine is None or machine.role == "former":
            self.console_app.say("this row has no machine with a role", "dim")
            return
        request = requests.ListSpares(run=view.run, target=machine.target)
        self.console_app.ask("looking for spares", request, lambda found: self._pick(view, machine, found))

    def _machine_here(self, following: Following) -> MachineView | None:
        key = self.doing.cursor
        if self.shows == "machines":
            return following.machine(key)
        return machine_of_step(following, key) if self.shows == "steps" else None

    def _pick(self, view: RunView, machine: MachineView, found: tuple[Spare, ...]) -> None:
        options = [
            Option(
                key=each.target,
                cells=((each.target, "text"), _FITS[each.fit], (each.reason, "dim")),
                refusal="" if each.fit != "none" else f"{each.target} {each.reason}",
            )
            for each in found
        ]
        lines = prose(
            f"{machine.target} is switched off, stays the run's, and is wiped by its cleanup.", "dim"
        )

        def replace(by: str | None) -> None:
            if by:
                request = requests.Replace(run=view.run, target=machine.target, by=by)
                self.console_app.ask("replace", request, lambda reply: self._done("replaced:", reply))

        title = f"Which spare takes the place of {machine.target} as {machine.protected}?"
        self.app.push_screen(Choose(title, lines, _SPARES, options), replace)

    # -- late flags -------------------------------------------------------------------------------

    def do_flags(self) -> None:
        """Shows the deploy flags, and turns the one that is chosen once that is meant."""
        view = self._going_on()
        if view is not None:
            self.console_app.ask("looking at the flags", requests.ShowFlags(run=view.run), self._show_flags)

    def _show_flags(self, flags: RunFlags) -> None:
        options = [_flag_option(f"{h.kind}:{h.id}", h.kind, h.name, h.deploy, h.why) for h in flags.hosts]
        options += [_flag_option(f"guest:{g.id}", "guest", g.name, g.deploy, g.why) for g in flags.guests]
        told = prose("enter turns a flag: guests' until the import begins, a host's until its provision.")

        def turn(key: str | None) -> None:
            if key:
                self._turn_flag(flags, key)

        self.app.push_screen(Choose("Deploy flags of this run", told, _FLAGS, options), turn)

    def _turn_flag(self, flags: RunFlags, key: str) -> None:
        kind, _, identity = key.partition(":")
        every: list[tuple[str, str, str, bool]] = [(h.kind, h.id, h.name, h.deploy) for h in flags.hosts]
        every += [("guest", g.id, g.name, g.deploy) for g in flags.guests]
        name, deploy = next((n, d) for k, i, n, d in every if (k, i) == (kind, identity))
        wanted = {identity: not deploy}
        guests, hosts = (wanted, {}) if kind == "guest" else ({}, wanted)
        request = requests.SetFlags(run=flags.run, guests=guests, hosts=hosts)

        def change(yes: bool | None) -> None:
            if yes:
                self.console_app.ask("flags", request, lambda reply: self._done("flags:", reply))

        what = f"leave {kind} {name} out" if deploy else f"recover {kind} {name} too"
        self.app.push_screen(Confirm("Deploy flag", prose(f"{what}?", "title"), "changes the plan"), change)

    # -- a step's page ----------------------------------------------------------------------------

    def open_step(self, key: str) -> None:
        """Shows what can be done about a step, and does what is chosen."""
        following = self.store.following
        if following is None:
            return
        if following.moment is not None:
            if (then := step_then(following, key)) is not None:
                self._show_step(then)
            return
        request = requests.ShowStep(run=following.run, step=key)
        self.console_app.ask("looking at a step", request, self._show_step)

    def _show_step(self, step: StepDetail) -> None:
        page = StepPage(step, page_width(self.app.size.width))
        self.app.push_screen(page, lambda verb: self._say(verb, step) if verb else None)

    def _say(self, verb: str, step: StepDetail) -> None:
        following = self.store.following
        if following is None:
            return
        if verb == "retry":
            request = requests.Retry(run=step.run, steps=(step.key,))
            self.console_app.ask("retry", request, lambda reply: self._done("retrying", reply))
        elif verb == "skip":
            self.skip_step(following, step.key)
        elif verb == "approve" and (asking := following.steps.get(step.key)) is not None:
            self.answer_step(following, asking)
        elif verb == "replace":
            machine = following.machine(step.machine)
            view = following.view
            if machine is not None and view is not None:
                spares = requests.ListSpares(run=step.run, target=machine.target)
                self.console_app.ask(
                    "looking for spares", spares, lambda found: self._pick(view, machine, found)
                )
        elif verb == "cancel":
            self.do_cancel()

    # -- what a cancelled run leaves --------------------------------------------------------------

    def tell_standing(self, following: Following | None) -> None:
        """Says what a run that was cancelled here has left, once, and offers what puts it back."""
        view = following.view if following is not None else None
        if view is None or view.run != self.cancelling or view.state != "cancelled":
            return
        self.cancelling = ""
        lines = standing_lines(view)
        if any("run cleanup" in each.remedy for each in view.standing):
            self.app.push_screen(
                Confirm("Left standing", lines, "cleans it up"),
                lambda yes: self.clean_up(view.run) if yes else None,
            )
        elif view.standing:
            self.app.push_screen(Report("Left standing", lines))


def standing_lines(view: RunView) -> list[Line]:
    """Returns what a stopped run has left in the world, and what puts it back, each remedy once."""
    lines: list[Line] = [*prose(f"{view.run} is {view.state}; in the world stand:", "title")]
    for each in view.standing:
        lines += [
            [(f"{each.kind} ", "dim"), *line] for line in prose(f"{each.name}: {each.state}", "text", 60)
        ]
    for remedy in dict.fromkeys(each.remedy for each in view.standing):
        lines += [[], *prose(f"→ {remedy}")]
    return lines


def machine_of_step(following: Following, key: str) -> MachineView | None:
    """Returns the machine that a step's key is about, by its target's or its role's name."""
    parts = set(key.split("/"))
    machines = following.view.machines if following.view else ()
    return next((m for m in machines if {key_part(m.target), key_part(m.protected)} & parts), None)


def _flag_option(key: str, kind: str, name: str, deploy: bool, why: str) -> Option:
    glyph, role = mark("done" if deploy else "skipped")
    word = f"{glyph} {'yes' if deploy else 'no'}"
    cells = ((word, role if deploy else "dim"), (kind, "dim"), (name, "text"), (why, "dim"))
    return Option(key=key, cells=cells, refusal=why)
