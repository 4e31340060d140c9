"""Every request that the service answers.

A request's type says what comes back: `Request[Reply, Item]`. Item is the type of the values that
arrive before the reply, `None` where there are none: narration as `str`, events, batches. Names
such as a run or a snapshot may be `latest`; a site of "" leaves the choice to all.
"""

from __future__ import annotations

from typing import Any

from drconsole.api.requests.planning import CheckTargets, ListTargets, Match, PlanRun, ReleaseTarget, Select
from drconsole.api.requests.request import Request, item_type, reply_type
from drconsole.api.requests.runs import (
    Attach,
    ListRuns,
    ListSpares,
    Present,
    Recover,
    Report,
    ReportFormat,
    ShowFlags,
    ShowRun,
    ShowStep,
    ShowTimeline,
    ShowUplinks,
    WatchPresenter,
)
from drconsole.api.requests.sites import (
    CheckSite,
    ListHosts,
    ListSites,
    Status,
    Stop,
    TestNotify,
    WatchInventory,
    WatchOverview,
)
from drconsole.api.requests.snapshots import (
    Capture,
    CheckSnapshots,
    DiffSnapshots,
    GetSnapshot,
    ImportSnapshot,
    ListSnapshots,
    SearchSnapshots,
)
from drconsole.api.requests.verbs import (
    ApplyUplinks,
    Approve,
    Cancel,
    Cleanup,
    Pause,
    Replace,
    Resume,
    Retry,
    ReviewUplinks,
    RollBackUplinks,
    SetFlags,
    Skip,
)

__all__ = [
    "CHANGES",
    "AnyRequest",
    "ApplyUplinks",
    "Approve",
    "Attach",
    "Cancel",
    "Capture",
    "CheckSite",
    "CheckSnapshots",
    "CheckTargets",
    "Cleanup",
    "DiffSnapshots",
    "GetSnapshot",
    "ImportSnapshot",
    "ListHosts",
    "ListRuns",
    "ListSites",
    "ListSnapshots",
    "ListSpares",
    "ListTargets",
    "Match",
    "Pause",
    "PlanRun",
    "Present",
    "Recover",
    "ReleaseTarget",
    "Replace",
    "Report",
    "ReportFormat",
    "Request",
    "Resume",
    "Retry",
    "ReviewUplinks",
    "RollBackUplinks",
    "SearchSnapshots",
    "Select",
    "SetFlags",
    "ShowFlags",
    "ShowRun",
    "ShowStep",
    "ShowTimeline",
    "ShowUplinks",
    "Skip",
    "Status",
    "Stop",
    "TestNotify",
    "WatchInventory",
    "WatchOverview",
    "WatchPresenter",
    "item_type",
    "reply_type",
]

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
    | WatchOverview
    | ShowTimeline
    | ShowUplinks
    | ApplyUplinks
    | ReviewUplinks
    | RollBackUplinks
    | Present
    | WatchPresenter
)
"""What the service decodes a request as."""

CHANGES: frozenset[type[Request[Any, Any]]] = frozenset(
    {
        Stop,
        CheckSite,
        ListHosts,
        Capture,
        ImportSnapshot,
        CheckSnapshots,
        CheckTargets,
        ReleaseTarget,
        Match,
        PlanRun,
        Recover,
        Retry,
        Skip,
        Approve,
        Pause,
        Resume,
        Replace,
        SetFlags,
        ApplyUplinks,
        ReviewUplinks,
        RollBackUplinks,
        Cancel,
        Cleanup,
        TestNotify,
        Present,
    }
)
"""What an observer is refused: all that changes something, or asks a device for it. A match probes, and a
check of snapshots marks those that are whole."""
