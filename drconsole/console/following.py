"""A run that is looked at: its view, and what its events said since."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from drconsole.model.run import Event, RunView, StepState, StepView
from drconsole.model.step import key_part

LOG_LINES = 2000
AT_REST = frozenset({"held", "done", "failed", "cancelled"})


class Following:
    """One run. A view is newer than the events before it; events tell what is between two views."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.view: RunView | None = None
        self.steps: dict[str, StepView] = {}
        self.progress: dict[str, tuple[str, float | None]] = {}
        self.uplinks: dict[str, dict[str, Any]] = {}
        self.log: deque[Event] = deque(maxlen=LOG_LINES)
        self.seq = 0
        self.attached = True
        self.seen = 0.0
        self.viewed = 0.0
        self.wants_view = True

    def take_view(self, view: RunView, now: float) -> None:
        """Takes the whole run in; steps of the cleanup are known from events alone."""
        self.view, self.viewed, self.seen = view, now, now
        cleanup = {key: step for key, step in self.steps.items() if key.startswith("cleanup/")}
        self.steps = {step.key: step for step in view.steps} | cleanup
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

    def _step(self, event: Event) -> None:
        old = self.steps.get(event.step)
        state: StepState = event.facts.get("state", "pending")
        self.steps[event.step] = StepView(
            key=event.step,
            state=state,
            attempts=int(event.facts.get("attempt", old.attempts if old else 0)),
            started=(old.started if old else None) or event.at,
            ended=event.at if state not in ("running", "pending") else None,
            error=str(event.facts.get("error") or event.facts.get("reason") or "") or None,
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
        wanted = "cleanup/" if self.cleaning else ""
        return [
            step
            for key, step in self.steps.items()
            if step.state == "failed" and key.startswith("cleanup/") == bool(wanted)
        ]

    def questions(self) -> list[StepView]:
        """Returns the steps that wait for an operator's answer; their `error` is the question."""
        return [step for step in self.steps.values() if step.state == "waiting"]

    def steps_of(self, *names: str) -> list[StepView]:
        """Returns the steps about objects of these names, as their keys say it."""
        parts = {key_part(name) for name in names if name}
        return [step for step in self.steps.values() if parts.intersection(step.key.split("/"))]

    def failed_of(self, *names: str) -> list[StepView]:
        """Returns the failed steps about objects of these names."""
        failed = {step.key for step in self.failed()}
        return [step for step in self.steps_of(*names) if step.key in failed]
