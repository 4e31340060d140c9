"""A lab driven through every state that a run and a machine can be in, with a console looking on.

One drill passes most of them; others begin beside it and fail, are called off, or take what it has.
`Story.tell` returns the screens, by name, as the console showed them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any, TypeVar

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.requests import Request
from drconsole.console.replay.recorded import recorded
from drconsole.console.replay.replaying import Recording
from drconsole.lab import control
from drconsole.model.run import RunView
from drconsole.model.step import Mode
from tests.console.terminal import Terminal
from tests.lab.own_lab import OwnLab

Reply = TypeVar("Reply")

WORLD = {"hosts": 2, "vms": 6, "targets": 7, "speed": 240, "seed": 1}
DEADLINES = {"bmc-connect": 2.0, "bmc-call": 2.0, "probe-protected": 2.0}
PROMPT = """
[[step]]
name = "briefing"
before = "preflight"
prompt = "May we begin?"

[[step]]
name = "dns"
after = "guests"
modes = ["drill"]
program = ["/bin/false"]
"""
BRIEFING = "preflight/briefing/prompt"
WITHIN_S = 90.0

SEEN: dict[str, tuple[str, ...]] = {
    # a run
    "a run is asked for": ("drill ! waiting", "! preflight", "waiting for you: 1", "a answer"),
    "a run goes on": ("drill ▶ running", "▶ provision", "runner ok"),
    "a run waits": ("drill ! waiting", "✗ provision", "failed 2", "waiting for you: 2"),
    "a run is paused": ("drill ! paused", "paused by"),
    "a run is held": ("drill ● held", "✓ verify", "run held"),
    "a run is done": ("disaster ✓ done", "run done", "✓ verify"),
    "a run has failed": ("drill ✗ failed", "✗ preflight", "run failed"),
    "a run is cancelled": ("drill ○ cancelled", "run cancelled"),
    "a run is real": ("!! REAL !!", "disaster ! waiting"),
    "its runner is lost": ("runner LOST: another one takes over",),
    "another runner has it": ("runner ok", "disaster ! waiting"),
    "it waits for an answer": ("disaster ! waiting", "! guests", "waiting for you: 1", "a answer"),
    "it was pre-empted": ("pre-empted by",),
    "a cleanup waits": ("cleanup waiting", "✗ failed", "waiting for you: 1"),
    "a run is cleaned up": ("drill ✓ done", "cleanup done", "● free"),
    # its steps
    "a step of a customer's has failed": ("drill ! waiting", "✗ guests", "waiting for you: 1"),
    "a step is skipped": ("STEP", "○ skipped"),
    # machines
    "machines are pending": ("· pending", "Machines 4"),
    "machines are reserved": ("▶ reserved", "✗ halt"),
    "machines work": ("▶ running", "installing"),
    "machines have failed": ("✗ failed", "failed 2"),
    "a machine has no role any more": ("○ former",),
    "machines are done": ("✓ done", "100%", "leased"),
    "machines are leased and free": ("▶ leased", "● free"),
    "a machine is unreachable": ("✗ unreachable",),
    "machines are in service": ("● in-service",),
    "a machine is wiped": ("▶ wiping",),
}
"""What was seen → the words that the console showed then."""


def ask_first(lab: OwnLab) -> None:
    """Lets every run of a lab begin with a question, before anything is reserved; a drill's program fails."""
    text = lab.configuration.read_text(encoding="utf-8")
    lab.configuration.write_text(text + PROMPT, encoding="utf-8")


class Story:
    """What happens, in order, and what the console showed."""

    def __init__(self, lab: OwnLab, terminal: Terminal) -> None:
        self.lab = lab
        self.terminal = terminal
        self.screens: dict[str, str] = {}
        self.recordings: tuple[Recording, ...] = ()

    def tell(self) -> dict[str, str]:
        """Drives the lab; fails with the screen where a state is not shown."""
        self._called_off()
        drill = self._asked()
        self._refused(drill)
        self._stopped(drill)
        self._paused(drill)
        self._replaced(drill)
        self._held(drill)
        self._unreachable()
        real = self._pre_empted()
        self._lost(real)
        self._answered(real)
        self._cleaned(drill)
        self.recordings = (self.recorded(drill), self.recorded(real))
        return self.screens

    # -- looking ----------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Waits until the console shows what is to be seen, and keeps its screen."""
        self.screens[name] = self.terminal.sees(*SEEN[name], within=WITHIN_S)

    def ask(self, request: Request[Reply, Any]) -> Reply:
        """Says a verb, or asks, from elsewhere: the console hears of it."""

        async def asked() -> Reply:
            async with await Client.connect(self.lab.configuration) as client:
                return await client.ask(request)

        return asyncio.run(asked())

    def begun(self, mode: Mode) -> str:
        """Starts a run and leaves it to itself."""
        return self.ask(requests.Recover(site="pittsburgh", mode=mode, confirm="pittsburgh")).run

    def shown(self, run: str) -> RunView:
        """The run as it is now."""
        return self.ask(requests.ShowRun(run=run))

    def recorded(self, run: str) -> Recording:
        """A run that is over, with all its events."""

        async def asked() -> Recording:
            async with await Client.connect(self.lab.configuration) as client:
                return await recorded(client, run)

        return asyncio.run(asked())

    def until(self, run: str, state: str, *, failed: str = "") -> None:
        """Waits for a run's state, with a failed step of this name."""
        end = time.monotonic() + WITHIN_S
        while (view := self.shown(run)).state != state or (failed and not _failed(view, failed)):
            assert time.monotonic() < end, (view.state, [s for s in view.steps if s.state != "done"])
            self.terminal.listen(0.2)

    def failed(self, run: str, name: str) -> str:
        """The key of a failed step about something."""
        return _failed(self.shown(run), name)[0]

    def fault(self, name: str, *, clear: bool = False, **where: str) -> None:
        """Breaks something of the world, or mends it."""
        control.request(self.lab.directory, "fault", name=name, clear=clear, where=where)

    def target_of(self, run: str, protected: str) -> str:
        """The target that takes a machine's place."""
        machines = self.shown(run).machines
        return next(machine.target for machine in machines if machine.protected.startswith(protected))

    def look_at(self, run: str) -> None:
        """Goes to a run by command, as an operator does."""
        self.terminal.press("5", ":")
        self.terminal.listen(0.5)
        self.terminal.press(*f"run {run}", "enter")
        self.terminal.sees(f"Run › pittsburgh › {run}", within=WITHIN_S)

    # -- what happens ------------------------------------------------------------------------------

    def _called_off(self) -> None:
        """A run that is cancelled before anything was done."""
        run = self.begun("drill")
        self.terminal.press("5")
        self.keep("machines are pending")
        self.ask(requests.Cancel(run=run))
        self.keep("a run is cancelled")

    def _asked(self) -> str:
        """A run waits with a question; its machines are named, and no more."""
        run = self.begun("drill")
        self.look_at(run)
        self.keep("a run is asked for")
        return run

    def _refused(self, drill: str) -> None:
        """Two runs were planned for the same machines: the second is refused when it wants them."""
        second = self.begun("drill")
        self.fault("array-refuses", verb="clone")
        self.ask(requests.Approve(run=drill, step=BRIEFING))
        self.keep("machines are reserved")
        self.until(second, "waiting")
        self.ask(requests.Approve(run=second, step=BRIEFING))
        self.until(second, "failed")
        self.look_at(second)
        self.keep("a run has failed")
        self.look_at(drill)

    def _stopped(self, drill: str) -> None:
        """Two machines do not answer any more: they are at it, then they have failed."""
        for name in ("esx-01", "db-01"):
            self.fault("bmc-silent", machine=self.target_of(drill, name))
        self.fault("array-refuses", clear=True)
        self.ask(requests.Retry(run=drill, all=True))
        self.keep("a run goes on")
        self.keep("machines work")
        self.keep("a run waits")
        self.keep("machines have failed")
        self.fault("bmc-silent", clear=True)

    def _paused(self, drill: str) -> None:
        self.ask(requests.Pause(run=drill))
        self.keep("a run is paused")
        self.ask(requests.Resume(run=drill))
        self.terminal.sees("drill ! waiting", within=WITHIN_S)

    def _replaced(self, drill: str) -> None:
        """A spare takes a machine's place, the other one is tried again; a program fails and is given up."""
        self.ask(requests.Replace(run=drill, target=self.target_of(drill, "esx-01")))
        self.keep("a machine has no role any more")
        self.ask(requests.Retry(run=drill, steps=(self.failed(drill, "db-01"),)))
        self.until(drill, "waiting", failed="dns")
        self.keep("a step of a customer's has failed")
        self.ask(
            requests.Skip(run=drill, step=self.failed(drill, "dns"), reason="nobody needs it in a drill")
        )

    def _held(self, drill: str) -> None:
        self.until(drill, "held")
        self.keep("a run is held")
        self.keep("machines are done")
        self.terminal.press("t")
        self.keep("a step is skipped")
        self.terminal.escape("STEP")
        self.terminal.press("2")
        self.keep("machines are leased and free")

    def _pre_empted(self) -> str:
        """A recovery in earnest takes machines from the drill, which ends early."""
        real = self.begun("disaster")
        self.look_at(real)
        self.keep("a run is real")
        return real

    def _lost(self, real: str) -> None:
        """The process that carries the run is stopped: another one takes over."""
        runner = self.shown(real).runner
        assert runner is not None
        os.kill(runner.pid, signal.SIGSTOP)
        self.keep("its runner is lost")
        self.keep("another runner has it")

    def _answered(self, real: str) -> None:
        """The protected site answers: the run asks before it starts a guest twice."""
        self.ask(requests.Approve(run=real, step=BRIEFING))
        self.keep("it waits for an answer")
        self.terminal.press("a")
        self.terminal.sees("The run asks")
        self.terminal.press("y")
        self.until(real, "done")
        self.keep("a run is done")
        self.terminal.press("2")
        self.keep("machines are in service")

    def _unreachable(self) -> None:
        """A machine of the pool whose BMC does not answer."""
        free = next(t.name for t in self.ask(requests.ListTargets()) if t.state == "free")
        self.fault("bmc-silent", machine=free)
        self.ask(requests.CheckTargets(names=(free,)))
        self.keep("a machine is unreachable")
        self.fault("bmc-silent", clear=True)
        self.ask(requests.CheckTargets(names=(free,)))

    def _cleaned(self, drill: str) -> None:
        """What the drill has left is wiped; one machine does not answer first."""
        self.look_at(drill)
        self.keep("it was pre-empted")
        held = [machine.target for machine in self.shown(drill).machines if machine.state == "leased"]
        self.fault("bmc-silent", machine=held[0])
        self.ask(requests.Cleanup(run=drill))
        self.keep("a cleanup waits")
        self.fault("bmc-silent", clear=True)
        self.ask(requests.Retry(run=drill, all=True))
        self.keep("a machine is wiped")
        self.keep("a run is cleaned up")


def _failed(view: RunView, name: str) -> list[str]:
    return [step.key for step in view.steps if step.state == "failed" and f"/{name}" in step.key]
