"""Every request that the service answers.

A request's type says what comes back: `Request[Reply, Item]`. Item is the type of the values that
arrive before the reply, `None` where there are none: narration as `str`, events, batches. Names
such as a run or a snapshot may be `latest`; a site of "" leaves the choice to all.
"""

from __future__ import annotations

from drconsole.api.requests.planning import CheckTargets, ListTargets, Match, PlanRun, ReleaseTarget, Select
from drconsole.api.requests.request import Request, item_type, reply_type
from drconsole.api.requests.runs import (
    Attach,
    ListRuns,
    ListSpares,
    Recover,
    Report,
    ShowFlags,
    ShowRun,
    ShowStep,
)
from drconsole.api.requests.sites import (
    CheckSite,
    ListHosts,
    ListSites,
    Status,
    Stop,
    TestNotify,
    WatchInventory,
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
    Approve,
    Cancel,
    Cleanup,
    Pause,
    Replace,
    Resume,
    Retry,
    SetFlags,
    Skip,
)

__all__ = [
    "AnyRequest",
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
    "Recover",
    "ReleaseTarget",
    "Replace",
    "Report",
    "Request",
    "Resume",
    "Retry",
    "SearchSnapshots",
    "Select",
    "SetFlags",
    "ShowFlags",
    "ShowRun",
    "ShowStep",
    "Skip",
    "Status",
    "Stop",
    "TestNotify",
    "WatchInventory",
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
)
"""What the service decodes a request as."""
