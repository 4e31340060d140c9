"""Every request that the service answers.

A request's type says what comes back: `Request[Reply, Item]`. Item is the type of the values that
arrive before the reply, `None` where there are none: narration as `str`, events, batches. Names
such as a run or a snapshot may be `latest`; a site of "" leaves the choice to all.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from drconsole.api.values import (
    Change,
    ChannelOutcome,
    CommandReply,
    InventoryBatch,
    MatchReply,
    ReportReply,
    RunFlags,
    RunStarted,
    SearchHit,
    SelectionReply,
    ServiceStatus,
    SiteEntry,
    SnapshotCheck,
    SnapshotDocument,
    SnapshotEntry,
    Spare,
    StepDetail,
)
from drconsole.model.live import HostListing, SiteCheck
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import PlanReport
from drconsole.model.run import Event, RunSummary, RunView
from drconsole.model.step import Mode
from drconsole.model.target import Target

Reply = TypeVar("Reply")
Piece = TypeVar("Piece")


class Request(msgspec.Struct, Generic[Reply, Piece], frozen=True, kw_only=True, tag=True):
    """One question to the service."""


def reply_type(request: type[Request[Any, Any]]) -> Any:
    """Returns the type of a request's reply."""
    return _types(request)[0]


def item_type(request: type[Request[Any, Any]]) -> Any:
    """Returns the type of the values that come before the reply; NoneType where none come."""
    return _types(request)[1]


def _types(request: type[Request[Any, Any]]) -> tuple[Any, Any]:
    base = request.__dict__["__orig_bases__"][0]
    reply, piece = base.__args__
    return reply, piece


class Status(Request[ServiceStatus, None], frozen=True, kw_only=True):
    """Who answers."""


class Stop(Request[None, None], frozen=True, kw_only=True):
    """Ends the service; runs go on."""


class ListSites(Request[tuple[SiteEntry, ...], None], frozen=True, kw_only=True):
    """The configured sites with their newest snapshot, oldest name first."""


class CheckSite(Request[SiteCheck, None], frozen=True, kw_only=True):
    """Logs in to a site's management server once."""

    site: str


class ListHosts(Request[tuple[HostListing, ...], None], frozen=True, kw_only=True):
    """The hosts under a site's management server, to build a subset from (R19)."""

    site: str


class Capture(Request[SnapshotEntry, str], frozen=True, kw_only=True):
    """Captures a site now, narrating, and stores the snapshot. "" is the site's own profile."""

    site: str
    profile: str = ""


class ListSnapshots(Request[tuple[SnapshotEntry, ...], None], frozen=True, kw_only=True):
    """Stored snapshots, oldest first."""

    site: str = ""


class GetSnapshot(Request[SnapshotDocument, None], frozen=True, kw_only=True):
    """A snapshot's bytes, verified while read. Ids may be shortened as far as they stay unique."""

    id: str = "latest"
    site: str = ""


class SearchSnapshots(Request[tuple[SearchHit, ...], None], frozen=True, kw_only=True):
    """Objects with a value that contains `text` (case-insensitive), or matches it as a pattern.

    With `id` "" the newest snapshot of each site is searched.
    """

    text: str
    id: str = ""
    site: str = ""


class ImportSnapshot(Request[SnapshotEntry, None], frozen=True, kw_only=True):
    """Stores a snapshot document that came as a file, after every check. The same one is once."""

    document: bytes


class DiffSnapshots(Request[tuple[Change, ...], None], frozen=True, kw_only=True):
    """What differs between two snapshots, by meaning."""

    before: str
    after: str = "latest"
    site: str = ""


class CheckSnapshots(Request[tuple[SnapshotCheck, ...], str], frozen=True, kw_only=True):
    """Reads stored snapshots back: hash, schema, keys. "" checks all."""

    id: str = ""
    site: str = ""


class ListTargets(Request[tuple[Target, ...], None], frozen=True, kw_only=True):
    """The pool with states and what the last probe found."""


class CheckTargets(Request[tuple[Target, ...], str], frozen=True, kw_only=True):
    """Probes targets now, all where no name is given."""

    names: tuple[str, ...] = ()


class ReleaseTarget(Request[Target, str], frozen=True, kw_only=True):
    """Ends a target's tie to a real run that is over; `confirm` must be its name, else NotConfirmed.

    Raises Refused while the machine is on, or a cleanup could take it back.
    """

    name: str
    confirm: str = ""


class Match(Request[MatchReply, str], frozen=True, kw_only=True):
    """Matches free targets to a snapshot's roles; those that were never seen are probed first.

    `mapping` gives flags and choices to keep; None starts from every role deployed.
    """

    site: str
    snapshot: str = "latest"
    mapping: HostMapping | None = None


class Select(Request[SelectionReply, None], frozen=True, kw_only=True):
    """The guests that can be recovered. `only` are shell patterns on names; () takes all."""

    site: str
    snapshot: str = "latest"
    only: tuple[str, ...] = ()
    mapping: HostMapping | None = None


class PlanRun(Request[PlanReport, str], frozen=True, kw_only=True):
    """What a run would do. None for a document: automatic match, all guests."""

    site: str
    mode: Mode = "drill"
    snapshot: str = "latest"
    mapping: HostMapping | None = None
    selection: VmSelection | None = None


class Recover(Request[RunStarted, str], frozen=True, kw_only=True):
    """Plans, freezes and starts a run; replies as soon as its runner has it.

    `confirm` must be the site's name in a planned or disaster run, else NotConfirmed. `cleanup`
    True cleans a drill up as soon as it is verified. Raises Refused with each blocking finding.
    """

    site: str
    mode: Mode
    snapshot: str = "latest"
    mapping: HostMapping | None = None
    selection: VmSelection | None = None
    cleanup: bool = False
    confirm: str = ""


class ListRuns(Request[tuple[RunSummary, ...], None], frozen=True, kw_only=True):
    """All runs, oldest first."""

    site: str = ""


class ShowRun(Request[RunView, None], frozen=True, kw_only=True):
    """A run as `run show --json` prints it."""

    run: str = "latest"
    site: str = ""


class ShowStep(Request[StepDetail, None], frozen=True, kw_only=True):
    """All that is known of one step, and what can be done about it now."""

    run: str
    step: str
    site: str = ""


class Attach(Request[RunView, Event], frozen=True, kw_only=True):
    """A run's events after `after`, then live ones, until the run rests.

    A run rests when it is held, done, failed or cancelled and no cleanup is under way; with
    `stay` False also when it is waiting or paused. The reply is the run as it is then.
    """

    run: str = "latest"
    site: str = ""
    after: int = 0
    stay: bool = True


class Retry(Request[CommandReply, None], frozen=True, kw_only=True):
    """Tries failed steps again; `all` takes every failed one."""

    run: str
    steps: tuple[str, ...] = ()
    all: bool = False


class Skip(Request[CommandReply, None], frozen=True, kw_only=True):
    """Gives a failed step up; what needs it is skipped with it. Asks for a reason."""

    run: str
    step: str
    reason: str


class Approve(Request[CommandReply, None], frozen=True, kw_only=True):
    """Answers the question that a step waits for, once; "" is the only one that is open."""

    run: str
    step: str = ""


class Pause(Request[CommandReply, None], frozen=True, kw_only=True):
    """Starts nothing new; what works ends as it would have. A cleanup can be paused too."""

    run: str
    reason: str = ""


class Resume(Request[CommandReply, None], frozen=True, kw_only=True):
    """Lets a paused run go on, and makes sure that a runner carries it."""

    run: str


class Replace(Request[CommandReply, str], frozen=True, kw_only=True):
    """Gives a target's role to a spare of the pool, in mid-run; "" takes the one that fits best.

    Raises Refused, with the reason for every target, where none fits; where the run is too far; and
    where somebody else was first.
    """

    run: str
    target: str
    by: str = ""
    reason: str = ""


class ListSpares(Request[tuple[Spare, ...], str], frozen=True, kw_only=True):
    """Every target of the pool that has no role in the run, as a spare for one that has; best first."""

    run: str
    target: str


class ShowFlags(Request[RunFlags, None], frozen=True, kw_only=True):
    """The deploy flags of a run as they stand (R53)."""

    run: str = "latest"
    site: str = ""


class SetFlags(Request[CommandReply, str], frozen=True, kw_only=True):
    """Changes deploy flags late (R53, R54): guests' until `guests` begins, a host's until its provision.

    `guests` are ids, `hosts` ids of hosts or names of physical servers, each with its new flag. A host
    that is deployed without a target gets the spare that fits best. Raises Refused for what is too late
    or cannot be recovered.
    """

    run: str
    guests: dict[str, bool] = {}
    hosts: dict[str, bool] = {}
    reason: str = ""


class Cancel(Request[CommandReply, None], frozen=True, kw_only=True):
    """Lets running steps end, starts no other, and ends the run."""

    run: str
    reason: str = ""


class Cleanup(Request[CommandReply, None], frozen=True, kw_only=True):
    """Puts a drill's machines and clones back. Refused once a real run connected storage."""

    run: str


class Report(Request[ReportReply, None], frozen=True, kw_only=True):
    """A run's report."""

    run: str = "latest"
    site: str = ""


class TestNotify(Request[tuple[ChannelOutcome, ...], None], frozen=True, kw_only=True):
    """Sends a message to each configured channel now, once, and says what came of it."""

    __test__ = False  # its name begins like a test's


class WatchInventory(Request[None, InventoryBatch], frozen=True, kw_only=True):
    """A site's live inventory: first all of it, then changes, and a sign of life a second."""

    site: str


AnyRequest = (
    Status
    | Stop
    | ListSites
    | CheckSite
    | ListHosts
    | Capture
    | ListSnapshots
    | GetSnapshot
    | SearchSnapshots
    | ImportSnapshot
    | DiffSnapshots
    | CheckSnapshots
    | ListTargets
    | CheckTargets
    | ReleaseTarget
    | Match
    | Select
    | PlanRun
    | Recover
    | ListRuns
    | ShowRun
    | ShowStep
    | Attach
    | Retry
    | Skip
    | Approve
    | Pause
    | Resume
    | Replace
    | ListSpares
    | ShowFlags
    | SetFlags
    | Cancel
    | Cleanup
    | Report
    | TestNotify
    | WatchInventory
)
"""What the service decodes a request as."""
