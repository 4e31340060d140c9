"""Requests about the pool, and about what a run would do."""

from __future__ import annotations

from drconsole.api.requests.request import Request
from drconsole.api.values import MatchReply, SelectionReply
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import PlanReport
from drconsole.model.step import Mode
from drconsole.model.target import Target


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
    """What a run would do. None for a document: automatic match, all guests. `rto_s` and `rpo_s` are its
    objectives; None: the site's."""

    site: str
    mode: Mode = "drill"
    snapshot: str = "latest"
    mapping: HostMapping | None = None
    selection: VmSelection | None = None
    rto_s: float | None = None
    rpo_s: float | None = None
