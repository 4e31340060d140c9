"""What the service's replies are made of, where the model has no value of its own for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.live import InventoryChange
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import RoleMatch, Verdict
from drconsole.model.run import RunState, StepState
from drconsole.model.step import Facts

LiveState = Literal["live", "stale", "unwatched"]
CaptureState = Literal["never", "running", "ok", "late", "failed"]


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class ServiceStatus(_Value, frozen=True, kw_only=True):
    """Who answers. `single_user` is True where no roles are enforced: the header says so."""

    version: str
    pid: int
    config: str
    state_dir: str
    started: str
    single_user: bool
    clients: int
    runs: tuple[str, ...]


class SnapshotEntry(_Value, frozen=True, kw_only=True):
    """A line of `snapshot list`. `id` is `sha256:` and the hash of the document's bytes.

    `verified`: read back; hash, schema and keys right; nothing dangling.
    """

    id: str
    site: str
    taken: str
    profile: str = ""
    size: int = 0
    hosts: int = 0
    guests: int = 0
    consistent: bool = True
    verified: bool = False


class SnapshotDocument(_Value, frozen=True, kw_only=True):
    """A snapshot: its line of the list, and the exact bytes of its XML."""

    entry: SnapshotEntry
    document: bytes


class SearchHit(_Value, frozen=True, kw_only=True):
    """An object of a snapshot that a search found, and the value that matched.

    `where` are the names of what it stood in, the nearest first; a guest stands on its host.
    """

    snapshot: str
    site: str
    taken: str
    kind: str
    id: str
    name: str
    field: str
    value: str
    where: str = ""


class Change(_Value, frozen=True, kw_only=True):
    """One difference by meaning: `text` as an operator reads it, the rest as programs do."""

    change: Literal["added", "removed", "moved", "changed"]
    kind: str
    id: str
    name: str
    field: str = ""
    before: str = ""
    after: str = ""
    text: str = ""


class SnapshotCheck(_Value, frozen=True, kw_only=True):
    """Whether a stored snapshot is still what it was; `problem` is "" where it is."""

    id: str
    site: str
    taken: str
    ok: bool
    problem: str = ""


class CaptureStatus(_Value, frozen=True, kw_only=True):
    """The last capture of a site, and what went wrong with it. Times are UTC."""

    state: CaptureState = "never"
    started: str = ""
    ended: str = ""
    next: str = ""
    text: str = ""


class SiteEntry(_Value, frozen=True, kw_only=True):
    """A line of `site list`. `age_s` is how old what is shown of the live site is; `theme` is the console's
    while it works on this site, "" for the operator's own."""

    name: str
    platform: str
    address: str
    profile: str
    capture_s: float | None = None
    rpo_s: float | None = None
    rto_s: float | None = None
    live: LiveState = "unwatched"
    age_s: float | None = None
    error: str = ""
    snapshot: SnapshotEntry | None = None
    capture: CaptureStatus = CaptureStatus()
    theme: str = ""


class InventoryBatch(_Value, frozen=True, kw_only=True):
    """What changed in a live inventory. `reset` is True where what was shown before is void.

    A batch without changes is a sign of life, or of its loss: `state` and `error` say which. `run` is the
    run whose recovered management server it is of, "" for the protected one.
    """

    site: str
    state: LiveState
    age_s: float | None = None
    at: str = ""
    reset: bool = False
    error: str = ""
    changes: tuple[InventoryChange, ...] = ()
    run: str = ""


class MatchReply(_Value, frozen=True, kw_only=True):
    """A host mapping, and for each role why."""

    snapshot: str
    mapping: HostMapping
    matches: tuple[RoleMatch, ...]


class SelectionReply(_Value, frozen=True, kw_only=True):
    """A VM selection, and for each guest of the snapshot its verdict."""

    snapshot: str
    selection: VmSelection
    verdicts: tuple[Verdict, ...]


class RunStarted(_Value, frozen=True, kw_only=True):
    """A run that a runner carries now. `pid` is its runner's."""

    run: str
    pid: int


class Attempt(_Value, frozen=True, kw_only=True):
    """One attempt at a step. `epoch` counts the runners; `end` is done, failed, waiting, skipped, or ""
    where it goes on or its runner died; `error` is what it ended with."""

    number: int
    started: str
    ended: str | None = None
    epoch: int = 0
    end: str = ""
    error: str = ""


class Choice(_Value, frozen=True, kw_only=True):
    """A verb that an operator can say now: the exact command, and what it would change, in one sentence.

    Where `refused` is not empty the verb is about this step, and cannot be carried out, for that reason.
    `skipped` are steps that it gives up, `retried` those that are done (again), `guests` the names of
    those that are not recovered any more.
    """

    verb: str
    command: str
    effect: str
    refused: str = ""
    skipped: tuple[str, ...] = ()
    retried: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()


class Spare(_Value, frozen=True, kw_only=True):
    """A target of the pool as a spare for a role: whether it fits, and why it does or does not."""

    target: str
    fit: Literal["good", "tight", "none"]
    reason: str


class GuestDeploy(_Value, frozen=True, kw_only=True):
    """A guest's deploy flag in a run; `why` says why it cannot be set, "" where it can."""

    id: str
    name: str
    deploy: bool
    why: str = ""


class RoleDeploy(_Value, frozen=True, kw_only=True):
    """A host's or physical server's deploy flag in a run, with its target where it has one."""

    kind: Literal["host", "physical"]
    id: str
    name: str
    deploy: bool
    target: str = ""
    why: str = ""


class RunFlags(_Value, frozen=True, kw_only=True):
    """The deploy flags of a run, and which of them can still be changed."""

    run: str
    guests: tuple[GuestDeploy, ...]
    hosts: tuple[RoleDeploy, ...]


class StepDetail(_Value, frozen=True, kw_only=True):
    """What an operator asks of a step that failed or waits: what was tried, what was seen, and
    which verbs apply (`retry`, `skip`, `approve`).

    `attempted` are its attempts, oldest first; `said` its last lines of the log, what its device said
    among them; `observed` what a look at the device showed after it had failed; `choices` what can be
    done now.
    """

    run: str
    key: str
    title: str
    object: str
    machine: str
    state: StepState
    attempts: int
    error: str
    remedy: str
    needs: tuple[str, ...]
    stops: tuple[str, ...]
    verbs: tuple[str, ...]
    arguments: Facts = {}
    result: Facts = {}
    attempted: tuple[Attempt, ...] = ()
    said: tuple[str, ...] = ()
    observed: str = ""
    choices: tuple[Choice, ...] = ()


class CommandReply(_Value, frozen=True, kw_only=True):
    """A verb that took effect: on these steps, with the run in this state. `text` tells it in words."""

    run: str
    steps: tuple[str, ...]
    state: RunState
    text: str = ""


class ChannelOutcome(_Value, frozen=True, kw_only=True):
    """Whether a channel took a message; `error` is why it did not."""

    channel: str
    told: bool
    error: str = ""


class ReportReply(_Value, frozen=True, kw_only=True):
    """A run's report, as JSON text and as prose, and in the format that was asked for."""

    run: str
    json: str
    text: str
    rendered: str = ""
