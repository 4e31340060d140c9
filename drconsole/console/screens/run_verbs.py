"""What operators do to a run: answer, retry, skip, cancel, clean up; attach, detach, look at another one."""

from __future__ import annotations

from drconsole.api import requests
from drconsole.api.values import CommandReply, StepDetail
from drconsole.console.known.following import AT_REST, Following
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Option
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.step_page import choice_lines
from drconsole.console.style.look import Line, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.table import VirtualTable
from drconsole.console.words import phrases
from drconsole.model.run import StepView

_STEPS = (
    Column(name="step", title="STEP", width=36, flex=1),
    Column(name="error", title="ERROR", width=30, flex=2),
)
_RUNS = (
    Column(name="run", title="RUN", width=18),
    Column(name="site", title="SITE", width=14, flex=1),
    Column(name="mode", title="MODE", width=10),
    Column(name="state", title="STATE", width=12),
    Column(name="started", title="STARTED", width=17),
)

_GIVEN_UP = "What needs it is given up with it. Say why:"


class RunVerbs(Recovering):
    """The verbs of the Run screen. They act on the row of the cursor."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.shows = "machines"
        self.only: tuple[str, ...] = ()
        self.cancelling = ""

    @property
    def doing(self) -> VirtualTable:
        """The table of machines, steps or guests."""
        return self.query_one("#doing", VirtualTable)

    def failed_here(self, following: Following) -> list[StepView]:
        """The failed steps of the row of the cursor."""
        key = self.doing.cursor
        if self.shows == "machines":
            machine = following.machine(key)
            return following.failed_of(key, machine.protected if machine else "")
        if self.shows == "guests":
            return following.failed_of(key)
        return [step for step in following.failed() if step.key == key]

    def _stopped(self) -> Following | None:
        """The run, if something has failed in it; else says that there is nothing to do."""
        following = self.store.following
        if following is None or not following.failed():
            self.console_app.say("nothing has failed", "dim")
            return None
        return following

    def do_retry(self) -> None:
        """Tries the row's failed steps again; all of them where the row has none."""
        following = self._stopped()
        if following is None:
            return
        here = tuple(step.key for step in self.failed_here(following))
        request = requests.Retry(run=following.run, steps=here, all=not here)
        self.console_app.ask("retry", request, lambda reply: self._done("retrying", reply))

    def do_approve(self) -> None:
        """Shows the question that the run waits with, and answers it once that is meant."""
        following = self.store.following
        questions = following.questions() if following is not None else []
        if following is None or not questions:
            self.console_app.say("no question waits for an answer", "dim")
            return
        self.answer_step(following, questions[0])

    def answer_step(self, following: Following, step: StepView) -> None:
        """Shows one question, and answers it once that is meant."""
        lines = [*prose(step.key, "title"), *prose(step.error or "", "warn")]

        def answer(yes: bool | None) -> None:
            if yes:
                request = requests.Approve(run=following.run, step=step.key)
                self.console_app.ask("answer", request, lambda reply: self._done("answered", reply))

        self.app.push_screen(Confirm("The run asks", lines, "says yes: it goes on"), answer)

    def do_skip(self) -> None:
        """Asks which failed step to give up, if there are several, and why."""
        following = self._stopped()
        if following is None:
            return
        steps = self.failed_here(following) or following.failed()
        if len(steps) == 1:
            self.skip_step(following, steps[0].key)
            return
        options = [Option(key=s.key, cells=((s.key, "text"), (s.error or "", "bad"))) for s in steps]
        self.app.push_screen(
            Choose("Skip which step?", [], _STEPS, options),
            lambda key: self.skip_step(following, key) if key else None,
        )

    def skip_step(self, following: Following, key: str) -> None:
        """Asks why; what would be given up is told as soon as the service has said it."""
        asks = Ask("Skip a step", [*prose(key, "title"), *prose(_GIVEN_UP, "warn")])

        def why(reason: str | None) -> None:
            if reason:
                request = requests.Skip(run=following.run, step=key, reason=reason)
                self.console_app.ask("skip", request, lambda reply: self._done("skipped", reply))

        def tell(step: StepDetail) -> None:
            effect = [line for each in step.choices if each.verb == "skip" for line in choice_lines(each, 66)]
            asks.tell([*prose(key, "title"), *effect, *prose(_GIVEN_UP, "warn")])

        self.app.push_screen(asks, why)
        request = requests.ShowStep(run=following.run, step=key)
        self.console_app.ask("looking at what a skip gives up", request, tell, quiet=True)

    def do_cancel(self) -> None:
        """Ends the run, once that is meant; a real one by the typed name of its site."""
        following = self.store.following
        if following is None or following.view is None or following.view.state in AT_REST:
            self.console_app.say("no run goes on", "dim")
            return
        view = following.view
        request = requests.Cancel(run=view.run, reason="from the console")

        def cancel(yes: object) -> None:
            if yes:
                self.cancelling = view.run
                self.console_app.ask("cancel", request, lambda reply: self._done("cancelling", reply))

        lines: list[Line] = [
            *prose(f"{view.run}: {view.mode} of {view.site}", "title"),
            *prose("Running steps may end; no other starts."),
        ]
        if view.mode == "drill":
            self.app.push_screen(Confirm("Cancel the run", lines, "cancels it"), cancel)
        else:
            lines.append([(" !! REAL !! ", "real"), (" Type the site's name to confirm:", "warn")])
            self.app.push_screen(Ask("Cancel a real run", lines, exactly=view.site), cancel)

    def do_cleanup(self) -> None:
        """Puts a drill's machines back, once that is meant."""
        following = self.store.following
        if following is None or following.view is None:
            self.console_app.say("there is no run to clean up", "dim")
            return
        view = following.view
        lines = [
            *prose(f"{view.run}: {view.mode} of {view.site}", "title"),
            *prose(
                "Its guests go off, its clones are dropped, its targets are wiped and go back to the pool."
            ),
        ]

        self.app.push_screen(
            Confirm("Clean the run up", lines, "cleans it up"),
            lambda yes: self.clean_up(view.run) if yes else None,
        )

    def clean_up(self, run: str) -> None:
        """Begins a cleanup that was meant."""
        request = requests.Cleanup(run=run)
        self.console_app.ask("cleanup", request, lambda reply: self._done("cleaning up", reply))

    def _done(self, word: str, reply: CommandReply) -> None:
        """Says what took effect, and looks at the run at once."""
        steps = phrases.count(len(reply.steps), "step") if reply.steps else reply.run
        self.console_app.say(f"{word} {reply.text or steps}", "ok")
        if self.store.following is not None:
            self.console_app.attach()

    def do_detach(self) -> None:
        """Stops following, or follows again."""
        following = self.store.following
        if following is None:
            return
        if following.attached:
            self.console_app.detach()
        else:
            self.console_app.attach()
        self.update()

    def do_runs(self) -> None:
        """Asks for the run to look at, the newest first."""
        options = []
        for run in reversed(self.store.runs):
            glyph, role = mark(run.state)
            mode = "drill" if run.mode == "drill" else "real"
            cells = (
                (run.run, "text"),
                (run.site, "text"),
                (run.mode, mode),
                (f"{glyph} {run.state}", role),
                (phrases.when(run.started or ""), "dim"),
            )
            options.append(Option(key=run.run, cells=cells))
        self.app.push_screen(Choose("Look at a run", [], _RUNS, options), self._chosen)

    def _chosen(self, run: str | None) -> None:
        if run is not None:
            self.console_app.follow(run)
            self.update()
