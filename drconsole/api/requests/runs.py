"""Requests about runs: begin one, look at it, follow it."""

from __future__ import annotations

from typing import Literal

from drconsole.api.presenting import Presented
from drconsole.api.requests.request import Request
from drconsole.api.timeline import Timeline
from drconsole.api.uplinks import HostUplinks
from drconsole.api.values import ReportReply, RunFlags, RunStarted, Spare, StepDetail
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.run import Event, RunSummary, RunView
from drconsole.model.step import Mode


class Recover(Request[RunStarted, str], frozen=True, kw_only=True):
    """Plans, freezes and starts a run; replies as soon as its runner has it.

    `confirm` must be the site's name in a planned or disaster run, else NotConfirmed. `cleanup`
    True cleans a drill up as soon as it is verified. `rto_s` and `rpo_s` are this run's objectives; None:
    the site's. With `review_uplinks` each host whose uplinks change asks before it moves for good.
    Raises Refused with each blocking finding.
    """

    site: str
    mode: Mode
    snapshot: str = "latest"
    mapping: HostMapping | None = None
    selection: VmSelection | None = None
    cleanup: bool = False
    confirm: str = ""
    rto_s: float | None = None
    rpo_s: float | None = None
    review_uplinks: bool = False


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


class ListSpares(Request[tuple[Spare, ...], str], frozen=True, kw_only=True):
    """Every target of the pool that has no role in the run, as a spare for one that has; best first."""

    run: str
    target: str


class ShowFlags(Request[RunFlags, None], frozen=True, kw_only=True):
    """The deploy flags of a run as they stand (R53)."""

    run: str = "latest"
    site: str = ""


class ShowTimeline(Request[Timeline, None], frozen=True, kw_only=True):
    """A run's bars, critical path, bound and forecast as they are now."""

    run: str = "latest"
    site: str = ""


class ShowUplinks(Request[tuple[HostUplinks, ...], None], frozen=True, kw_only=True):
    """The uplinks of a run's deployed hosts, by name."""

    run: str = "latest"
    site: str = ""


class Present(Request[None, None], frozen=True, kw_only=True):
    """A presenter says what their console shows; it holds for six seconds. A screen of "" ends it at once.

    Raises Busy, naming who it is, where somebody else presents the run.
    """

    run: str
    screen: str
    cursor: str = ""


class WatchPresenter(Request[None, Presented], frozen=True, kw_only=True):
    """Where the presenter of a run is: as it is now, then each change; until the caller leaves."""

    run: str


ReportFormat = Literal["text", "json", "html", "csv", "junit"]


class Report(Request[ReportReply, None], frozen=True, kw_only=True):
    """A run's report. `format` is what the reply's `rendered` holds."""

    run: str = "latest"
    site: str = ""
    format: ReportFormat = "text"
