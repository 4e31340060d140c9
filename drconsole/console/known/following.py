"""A run that is looked at: its view, and what its events said since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from drconsole.api.presenting import Presented
from drconsole.api.timeline import Timeline
from drconsole.console.known.run_steps import CLEANUP, StepIndex
from drconsole.model.run import Event, GuestView, MachineView, RunView, StepState, StepView

LOG_LINES = 2000
_SPARE_LINES = 500
AT_REST = frozenset({"held", "done", "failed", "cancelled"})


class Following:
    """One run. A view is newer than the events before it; events tell what is between two views.

    `moment` is that of a replay, None where the run is shown as it is now.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.view: RunView | None = None
        self.steps = StepIndex()
        self.progress: dict[str, tuple[str, float | None]] = {}
        self.uplinks: dict[str, dict[str, Any]] = {}
        self.log: list[Event] = []
        self.seq = 0
        self.attached = True
        self.seen = 0.0
        self.viewed = 0.0
        self.wants_view = True
        self.timeline: Timeline | None = None
        self.timeline_shown = False
        self.presented: Presented | None = None
        self.moment: datetime | None = None
        self._machines: dict[str, MachineView] = {}
        self._guests: dict[str, GuestView] = {}

    def take_view(self, view: RunView, now: float) -> None:
        """Takes the whole run in; steps of the cleanup are known from events alone."""
        self.view, self.viewed, self.seen = view, now, now
        self.steps.become(view.steps)
        self._machines = {machine.target: machine for machine in view.machines}
        self._guests = {guest.id: guest for guest in view.guests}
        self.wants_view = False

    def take_events(self, events: Iterable[Event], now: float) -> None:
        """Takes events in, each once."""
        self.seen = now
        for event in events:
            if event.seq <= self.seq:
                continue
            self.seq = event.seq
            self._take(event)

    def _take(self, event: Event) -> None:
        if event.kind == "progress":
            machine = str(event.facts.get("machine", ""))
            if machine:
                fraction = event.facts.get("fraction")
                self.progress[machine] = (str(event.facts.get("phase", "")), fraction)
            return
        if isinstance(found := event.facts.get("uplinks"), dict):
            host = str(found.get("host", ""))
            self.uplinks[host] = {**self.uplinks.get(host, {}), **found}
        if event.kind == "step":
            self._step(event)
        if event.kind in ("step", "run", "command"):
            self.wants_view = True
        self.log.append(event)
        if len(self.log) > LOG_LINES + _SPARE_LINES:
            del self.log[:_SPARE_LINES]

    def _step(self, event: Event) -> None:
        old = self.steps.get(event.step)
        state: StepState = event.facts.get("state", "pending")
        said = event.facts.get("error") or event.facts.get("reason")
        asked = event.text if state == "waiting" else ""
        self.steps.put(
            StepView(
                key=event.step,
                state=state,
                attempts=int(event.facts.get("attempt", old.attempts if old else 0)),
                started=(old.started if old else None) or event.at,
                ended=event.at if state not in ("running", "pending", "waiting") else None,
                error=str(said or asked or "") or None,
            )
        )

    @property
    def live(self) -> bool:
        """Whether the run, or its cleanup, still goes on."""
        if self.view is None:
            return True
        return self.view.state not in AT_REST or self.cleaning

    @property
    def cleaning(self) -> bool:
        """Whether a cleanup is under way."""
        cleanup = self.view.cleanup if self.view else None
        return cleanup is not None and cleanup.state not in ("done", "failed", "cancelled")

    def failed(self) -> list[StepView]:
        """Returns the failed steps that wait for the operator: of the cleanup where that is under way."""
        cleaning = self.cleaning
        return [s for s in self.steps.in_state("failed") if s.key.startswith(f"{CLEANUP}/") == cleaning]

    def questions(self) -> list[StepView]:
        """Returns the steps that wait for an operator's answer; their `error` is the question."""
        return self.steps.in_state("waiting")

    def waits(self) -> int:
        """Returns how many things wait for the operator: questions, and failed steps while the run stands."""
        if not self.live or self.view is None:
            return 0
        return len(self.questions()) + len(self.failed())

    def steps_of(self, *names: str) -> list[StepView]:
        """Returns the steps about objects of these names, as their keys say it."""
        return self.steps.about(*names)

    def failed_of(self, *names: str) -> list[StepView]:
        """Returns the failed steps about objects of these names."""
        if not self.steps.tally(*names)["failed"]:
            return []
        failed = {step.key for step in self.failed()}
        return [step for step in self.steps_of(*names) if step.key in failed]

    def now(self) -> datetime:
        """Returns the moment that is shown: that of a replay, else now."""
        return self.moment or datetime.now(UTC)

    def machine(self, target: str) -> MachineView | None:
        """Returns a machine of the run by its target's name."""
        return self._machines.get(target)

    def guest(self, identity: str) -> GuestView | None:
        """Returns a guest of the run by its id."""
        return self._guests.get(identity)
