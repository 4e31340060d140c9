"""What a run would do: verdicts, readiness, the graph of steps and an estimate."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.mapping import HostMapping, RoleKind, VmSelection
from drconsole.model.step import Facts, Mode, Step

VerdictKind = Literal["recoverable", "caveats", "no"]


class _Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Verdict(_Value, frozen=True, kw_only=True):
    """Whether a guest can be recovered. `reasons` name the object and what follows from it.

    `registrable` is False for guests that are never registered (DESIGN 4): the management server
    itself, agent machines, fault tolerance secondaries, replication appliances.
    """

    id: str
    name: str
    verdict: VerdictKind
    reasons: tuple[str, ...] = ()
    registrable: bool = True


class RoleMatch(_Value, frozen=True, kw_only=True):
    """A role, the target chosen for it and why; `refused` says per target why it does not fit."""

    role: RoleKind
    protected: str
    name: str
    target: str
    fit: Literal["good", "tight", "none"]
    reason: str
    refused: dict[str, str] = {}


class Finding(_Value, frozen=True, kw_only=True):
    """One line of a readiness check. `blocks` findings refuse the run (exit 3)."""

    subject: str
    text: str
    blocks: bool
    remedy: str = ""


class Estimate(_Value, frozen=True, kw_only=True):
    """Seconds from start to verify: the longest path over shipped durations, and its steps."""

    seconds: float
    critical_path: tuple[str, ...]
    basis: str = "longest path over shipped durations"


class Former(_Value, frozen=True, kw_only=True):
    """A target that had a role in a run and was given up after it had been touched.

    Nobody may take it before it is wiped. `name` is its role's as steps call it, `address` what it was
    given on the provisioning network; `by` the target that took its place, "" where none did.
    """

    target: str
    role: RoleKind
    protected: str
    name: str
    address: str
    by: str = ""


class Plan(_Value, frozen=True, kw_only=True):
    """Everything a run needs, frozen in the journal before the first act.

    `snapshot` is the id of the snapshot, `sha256:…`. `context` is what handlers share beyond
    their own arguments, JSON-able and free of secrets. `former` are targets that amendments took
    their role from; `given_up` says, by id or name, why an object is recovered no more: its host, or
    it itself, was given up in mid-run.
    """

    version: int = 1
    run: str
    site: str
    mode: Mode
    snapshot: str
    mapping: HostMapping
    selection: VmSelection
    verdicts: tuple[Verdict, ...] = ()
    steps: tuple[Step, ...] = ()
    context: Facts = {}
    estimate: Estimate | None = None
    former: tuple[Former, ...] = ()
    given_up: dict[str, str] = {}


class CustomerStep(_Value, frozen=True, kw_only=True):
    """A step of the customer's own in a plan. `source` is `configuration`, or the wheel that gave it."""

    key: str
    stage: str
    title: str
    critical: bool
    source: str


class PlanReport(_Value, frozen=True, kw_only=True):
    """What `drconsole plan` prints."""

    site: str
    mode: Mode
    snapshot: str
    ready: bool
    findings: tuple[Finding, ...]
    matches: tuple[RoleMatch, ...]
    verdicts: tuple[Verdict, ...]
    estimate: Estimate | None
    steps: int
    stages: dict[str, int]
    customer: tuple[CustomerStep, ...] = ()
