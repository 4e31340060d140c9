"""Runs as consoles, commands and reports see them: the JSON of `run show` and of the events."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.step import Facts, Mode

StepState = Literal[
    "pending", "running", "waiting", "paused", "held", "done", "failed", "skipped", "cancelled"
]
RunState = StepState
DifferenceClass = Literal["had-to-be", "repaired", "given-up", "lost"]


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class RunnerPlace(_Value, frozen=True, kw_only=True):
    """Who carries a run. `epoch` counts its runners, `silent_s` is how long this one has given no sign of
    life, `lost` that its lease has run out: another one is to take the run over."""

    pid: int
    host: str
    epoch: int = 0
    silent_s: float | None = None
    lost: bool = False


class StageView(_Value, frozen=True, kw_only=True):
    """A stage of a run: how many steps it has, how many are done, how many failed."""

    name: str
    state: StepState
    started: str | None
    ended: str | None
    steps: int
    done: int
    failed: int


class StepView(_Value, frozen=True, kw_only=True):
    key: str
    state: StepState
    attempts: int
    started: str | None
    ended: str | None
    error: str | None


class Difference(_Value, frozen=True, kw_only=True):
    """One value that differs. `path` ends in the leaf property; `reason` names the rule's."""

    path: str
    captured: str
    recovered: str
    klass: DifferenceClass = msgspec.field(name="class")
    reason: str = ""


class Fidelity(_Value, frozen=True, kw_only=True):
    """How many captured values were compared, how many are equal, and each that is not.

    `excused` counts by rule what a rule excused, and by step what was given up with it.
    """

    matched: int
    total: int
    differences: tuple[Difference, ...] = ()
    excused: dict[str, int] = {}


class GuestView(_Value, frozen=True, kw_only=True):
    """A guest in a run. `state` is registered, pending, failed, not-selected or not-recoverable."""

    name: str
    id: str
    state: str
    power: str
    reason: str = ""


class MachineView(_Value, frozen=True, kw_only=True):
    """A target in a run: its role and the protected machine that it takes the place of."""

    target: str
    role: str
    protected: str
    state: str
    phase: str = ""
    fraction: float | None = None
    note: str = ""


class CleanupView(_Value, frozen=True, kw_only=True):
    """A cleanup. `trouble` are its steps that failed or were skipped: `RunView.steps` has the recovery's."""

    state: StepState
    started: str | None
    ended: str | None
    trouble: tuple[StepView, ...] = ()


class VerbView(_Value, frozen=True, kw_only=True):
    """What an operator did to a run. `steps` are those that it changed, `reason` the operator's words."""

    at: str
    actor: str
    verb: str
    steps: tuple[str, ...] = ()
    reason: str = ""


class AmendmentView(_Value, frozen=True, kw_only=True):
    """A change of a run's frozen plan in mid-run, counted from 1."""

    number: int
    at: str
    actor: str
    text: str


class Standing(_Value, frozen=True, kw_only=True):
    """Something that a run has left in the world: `kind` is machine, group or guest.

    `state` says how it stands there, `remedy` what puts it back: a command, or what to do by hand.
    """

    kind: str
    name: str
    state: str
    remedy: str


class CustomerStepView(_Value, frozen=True, kw_only=True):
    """What came of a step of the customer's own: of a prompt who answered it and when, of a program its
    exit code, how often it was started and the end of what it said; the whole is in the step's result."""

    key: str
    title: str
    state: StepState
    answered_by: str = ""
    answered: str = ""
    exit_code: int | None = None
    starts: int = 0
    output: str = ""
    error: str = ""


class RunView(_Value, frozen=True, kw_only=True):
    """All of `run show --json`.

    `started_by` is the account that began it, `verbs` what operators did since, oldest first.
    `standing` is what a run that was cancelled, or failed, has left behind; a run that goes on, or rests
    as it should, lists nothing there.
    """

    run: str
    site: str
    mode: Mode
    state: RunState
    snapshot: str
    started: str | None
    ended: str | None
    rto_s: float | None
    rpo_s: float | None
    runner: RunnerPlace | None
    stages: tuple[StageView, ...]
    steps: tuple[StepView, ...]
    fidelity: Fidelity | None
    guests: tuple[GuestView, ...]
    machines: tuple[MachineView, ...]
    cleanup: CleanupView | None
    elapsed_s: float
    paused_by: str | None = None
    pre_empted_by: str | None = None
    pre_empted_at: str | None = None
    amendments: tuple[AmendmentView, ...] = ()
    verbs: tuple[VerbView, ...] = ()
    standing: tuple[Standing, ...] = ()
    customer: tuple[CustomerStepView, ...] = ()
    started_by: str = ""


class RunSummary(_Value, frozen=True, kw_only=True):
    """A line of `run list`."""

    run: str
    site: str
    mode: Mode
    state: RunState
    snapshot: str
    started: str | None
    ended: str | None


class Event(_Value, frozen=True, kw_only=True):
    """Something that happened in a run. `seq` counts up without gaps within its run.

    `kind` is `run`, `step`, `log`, `progress`, `command` or `uplinks`; `actor` is an operator's
    account, or "" for the runner. `facts` carry what the kind needs, such as `state` and `error`.
    """

    seq: int
    at: str
    run: str
    kind: str
    step: str = ""
    actor: str = ""
    text: str = ""
    facts: Facts = {}
