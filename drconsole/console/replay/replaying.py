"""A run that is over, at any moment of it: what its events had told by then. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from drconsole.api.timeline import Bar, Timeline
from drconsole.console.known.following import AT_REST
from drconsole.model.run import (
    CleanupView,
    Event,
    GuestView,
    MachineView,
    RunnerPlace,
    RunState,
    RunView,
    StageView,
    StepState,
    StepView,
)
from drconsole.model.stages import stage_state
from drconsole.model.step import STAGES, step_key

_CLEANUP = "cleanup/"
_ENDED: tuple[StepState, ...] = ("done", "failed", "skipped", "cancelled")
_MADE: dict[StepState, str] = {
    "done": "registered", "failed": "failed", "skipped": "failed", "cancelled": "failed",
}  # fmt: skip


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is at its end, all its events, oldest first, and its timeline where that is known."""

    view: RunView
    events: tuple[Event, ...]
    timeline: Timeline | None = None

    @property
    def began(self) -> datetime:
        """When the first event happened."""
        return (
            _moment(self.events[0].at)
            if self.events
            else _moment(self.view.started or "1970-01-01T00:00:00Z")
        )

    @property
    def length_s(self) -> float:
        """How long it took from the first event to the last."""
        return (_moment(self.events[-1].at) - self.began).total_seconds() if self.events else 0.0

    def moment_of(self, event: Event) -> datetime:
        """When an event happened."""
        return _moment(event.at)

    def chapters(self) -> tuple[tuple[float, str], ...]:
        """Returns when each stage began, and the cleanup, in seconds since the first event."""
        found: dict[str, float] = {}
        for event in self.events:
            chapter = event.step.partition("/")[0] if event.kind == "step" else ""
            if chapter and event.facts.get("state") == "running":
                found.setdefault(chapter, (_moment(event.at) - self.began).total_seconds())
        return tuple(sorted((at, name) for name, at in found.items()))


class Playhead:
    """Where one is in a recording, in seconds since its first event; it goes on, and back."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._times = [(_moment(e.at) - recording.began).total_seconds() for e in recording.events]
        self._final = {step.key for step in recording.view.steps}
        self._added = _added(recording)
        self._begin()

    def _begin(self) -> None:
        view = self.recording.view
        self.at_s = 0.0
        self._taken = 0
        self._state: RunState = "pending"
        self._ended: str | None = None
        self._paused_by: str | None = None
        self._pre_empted_by: str | None = None
        self._runner: RunnerPlace | None = None
        self._cleanup: CleanupView | None = None
        self._amended = 0
        self._progress: dict[str, tuple[str, float | None]] = {}
        self._steps = {s.key: _untouched(s.key) for s in view.steps if s.key not in self._added}

    def go(self, at_s: float) -> Sequence[Event]:
        """Goes to a moment and returns the events that were passed on the way; all from the begin if back."""
        at_s = max(0.0, min(at_s, self.recording.length_s))
        if at_s < self.at_s:
            self._begin()
        until = bisect_right(self._times, at_s + 1e-9)
        passed = self.recording.events[self._taken : until]
        for event in passed:
            self._take(event)
        self._taken, self.at_s = until, at_s
        return passed

    @property
    def moment(self) -> datetime:
        """The time of day that one is at."""
        return self.recording.began + timedelta(seconds=self.at_s)

    @property
    def over(self) -> bool:
        """Whether the last event has been passed."""
        return self._taken >= len(self._times)

    def _take(self, event: Event) -> None:
        if event.kind == "step":
            self._take_step(event)
        elif event.kind == "progress":
            fraction = event.facts.get("fraction")
            machine = str(event.facts.get("machine", ""))
            self._progress[machine] = (str(event.facts.get("phase", "")), fraction)
        elif event.kind == "run":
            self._take_run(event)

    def _take_step(self, event: Event) -> None:
        old = self._steps.get(event.step, _untouched(event.step))
        state: StepState = event.facts.get("state", "pending")
        if state == "cancelled" and event.step not in self._final and not event.step.startswith(_CLEANUP):
            self._steps.pop(event.step, None)  # an amendment took it away
            return
        said = event.facts.get("error") or event.facts.get("reason")
        asked = event.text if state == "waiting" else ""
        self._steps[event.step] = StepView(
            key=event.step,
            state=state,
            attempts=int(event.facts.get("attempt", old.attempts)),
            started=old.started or (event.at if state == "running" else None),
            ended=event.at if state in _ENDED else None,
            error=str(said or asked or "") or None,
        )

    def _take_run(self, event: Event) -> None:
        facts = event.facts
        if "state" in facts:
            self._state = facts["state"]
            self._paused_by = event.actor or None if self._state == "paused" else None
            rests = self._state in AT_REST  # a held drill that is cleaned up has ended when it was held
            self._ended = (self._ended or event.at) if rests else None
        if "epoch" in facts:
            self._runner = RunnerPlace(pid=int(facts.get("pid", 0)), host="", epoch=int(facts["epoch"]))
        if "cleanup" in facts:
            started = self._cleanup.started if self._cleanup else event.at
            state: StepState = facts["cleanup"]
            ended = event.at if state in _ENDED else None
            self._cleanup = CleanupView(state=state, started=started, ended=ended)
        if "pre_empted_by" in facts:
            self._pre_empted_by = str(facts["pre_empted_by"])
        if "amended" in facts:
            self._amended += 1
            new = (key for key, number in self._added.items() if number == self._amended)
            self._steps |= {key: _untouched(key) for key in new}

    # -- the run as it was ----------------------------------------------------------------------------

    def view(self) -> RunView:
        """Returns the run as it was at this moment; what only its end tells is told at its end."""
        end = self.recording.view
        own = [self._steps[step.key] for step in end.steps if step.key in self._steps]
        own += [s for k, s in self._steps.items() if k not in self._final and not k.startswith(_CLEANUP)]
        halted = all(step.state in ("done", "skipped") for step in own if step.key.startswith("halt/"))
        reported = self._is("verify/site/report", "done")
        until = self.moment.isoformat()
        return msgspec.structs.replace(
            end,
            state=self._state,
            ended=self._ended,
            rto_s=end.rto_s if reported else None,
            rpo_s=end.rpo_s if halted else None,
            runner=None if self._state in AT_REST else self._runner,
            stages=tuple(_stages(own, end.stages)),
            steps=tuple(own),
            fidelity=end.fidelity if self._is("verify/site/compare", "done") else None,
            guests=tuple(self._guest(guest) for guest in end.guests),
            machines=tuple(self._machine(m) for m in end.machines if m.role != "former" or self._amended),
            cleanup=self._cleanup_then(),
            elapsed_s=self._elapsed(),
            paused_by=self._paused_by,
            pre_empted_by=self._pre_empted_by,
            amendments=tuple(each for each in end.amendments if _before(each.at, until)),
            verbs=tuple(each for each in end.verbs if _before(each.at, until)),
            standing=end.standing if self.over else (),
            customer=end.customer if self.over else (),
        )

    def _is(self, key: str, state: StepState) -> bool:
        return key in self._steps and self._steps[key].state == state

    def _elapsed(self) -> float:
        started = self.recording.view.started
        until = _moment(self._ended) if self._ended else self.moment
        return max(0.0, (until - _moment(started)).total_seconds()) if started else self.at_s

    def _cleanup_then(self) -> CleanupView | None:
        trouble = tuple(
            step
            for key, step in self._steps.items()
            if key.startswith(_CLEANUP) and step.state in ("failed", "waiting", "skipped")
        )
        return msgspec.structs.replace(self._cleanup, trouble=trouble) if self._cleanup else None

    def _guest(self, end: GuestView) -> GuestView:
        if end.state in ("not-selected", "not-recoverable"):
            return end
        registered = self._steps.get(step_key("guests", end.id, "register"))
        if registered is None:
            return end if self.over else msgspec.structs.replace(end, state="pending", power="", reason="")
        state = _MADE.get(registered.state, "pending")
        on = self._is(step_key("guests", end.id, "power-on"), "done")
        power = ("on" if on else "off") if state == "registered" else ""
        reason = end.reason if state == end.state else registered.error or ""
        return msgspec.structs.replace(end, state=state, power=power, reason=reason)

    def _machine(self, end: MachineView) -> MachineView:
        phase, fraction = self._progress.get(end.target, ("", None))
        failed = next(
            (
                step.error or ""
                for step in self._steps.values()
                if step.state == "failed" and step.key.split("/")[1] in (end.target, end.protected)
            ),
            "",
        )
        note = end.note if end.role == "former" or self.over else failed
        return msgspec.structs.replace(end, state=self._lease(end), phase=phase, fraction=fraction, note=note)

    def _lease(self, end: MachineView) -> str:
        """How a machine was tied to the run, by the steps that tie it, wipe it and give it back."""
        if self.over:
            return end.state
        cleaning = [s for k, s in self._steps.items() if k.startswith(step_key("cleanup", end.target, ""))]
        if self._cleanup is not None and cleaning:
            return "free" if all(step.state == "done" for step in cleaning) else "wiping"
        if self._is(step_key("map", end.target, "lease"), "done"):
            return "leased"
        return "reserved" if self._is(step_key("preflight", end.target, "reserve"), "done") else "free"

    def timeline(self) -> Timeline | None:
        """Returns the timeline as far as it had come; what came later is foreseen as it came."""
        whole = self.recording.timeline
        if whole is None:
            return None
        now = self._elapsed()
        end = max(whole.elapsed_s, now)
        bars = tuple(_bar(bar, now) for bar in whole.bars)
        return msgspec.structs.replace(
            whole, elapsed_s=now, bars=bars, bound_s=end, forecast_s=end, waits=self._state == "waiting"
        )


def _added(recording: Recording) -> dict[str, int]:
    """Returns steps that an amendment must have added, with its number.

    No event tells of that: in a stage that was complete then, whatever began afterwards is new.
    """
    states: dict[str, dict[str, StepState]] = {}
    added: dict[str, int] = {}
    number = 0
    for event in recording.events:
        if event.kind == "step":
            state: StepState = event.facts.get("state", "pending")
            states.setdefault(event.step.partition("/")[0], {})[event.step] = state
        elif event.kind == "run" and "amended" in event.facts:
            number += 1
            complete = {name for name, own in states.items() if all(s in _ENDED for s in own.values())}
            for step in recording.view.steps:
                stage = step.key.partition("/")[0]
                if stage in complete and step.key not in states[stage]:
                    added.setdefault(step.key, number)
    return added


def _bar(bar: Bar, now_s: float) -> Bar:
    if bar.began_s is None:
        return bar
    end = bar.ended_s if bar.ended_s is not None else bar.expects_end_s
    foreseen = msgspec.structs.replace(bar, expects_s=bar.began_s, expects_end_s=end)
    if bar.began_s > now_s:
        return msgspec.structs.replace(foreseen, began_s=None, ended_s=None, state="pending", done=0)
    if bar.ended_s is not None and bar.ended_s <= now_s:
        return bar
    return msgspec.structs.replace(foreseen, ended_s=None, state="running")


def _stages(steps: Iterable[StepView], ends: Sequence[StageView]) -> Iterable[StageView]:
    by_stage: dict[str, list[StepView]] = {name: [] for name in STAGES}
    for step in steps:
        by_stage.setdefault(step.key.partition("/")[0], []).append(step)
    for end in ends:
        own = by_stage[end.name]
        state = stage_state(step.state for step in own) if own else end.state
        ended = [step.ended for step in own if step.ended]
        yield StageView(
            name=end.name,
            state=state,
            started=min((step.started for step in own if step.started), default=None),
            ended=max(ended, default=None) if state in _ENDED else None,
            steps=len(own),
            done=sum(step.state == "done" for step in own),
            failed=sum(step.state == "failed" for step in own),
        )


def _untouched(key: str) -> StepView:
    return StepView(key=key, state="pending", attempts=0, started=None, ended=None, error=None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _before(at: str, until: str) -> bool:
    return _moment(at) <= _moment(until)
