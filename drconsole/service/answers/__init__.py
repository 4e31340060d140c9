"""One function a request: takes the state, the request and its caller, returns the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from drconsole.api import requests
from drconsole.service.answers import (
    amending,
    notify,
    overview,
    planning,
    pool,
    presenting,
    runs,
    searching,
    sites,
    snapshots,
    uplinks,
)
from drconsole.service.caller import Caller
from drconsole.service.state import State

Answer = Callable[[State, Any, Caller], Awaitable[object]]

ANSWERS: dict[type[requests.Request[Any, Any]], Answer] = {
    requests.Status: sites.status,
    requests.Stop: sites.stop,
    requests.ListSites: sites.list_sites,
    requests.CheckSite: sites.check,
    requests.ListHosts: sites.list_hosts,
    requests.WatchInventory: sites.watch,
    requests.WatchOverview: overview.watch,
    requests.Capture: snapshots.capture,
    requests.ListSnapshots: snapshots.list_snapshots,
    requests.GetSnapshot: snapshots.get,
    requests.SearchSnapshots: searching.search,
    requests.ImportSnapshot: snapshots.import_document,
    requests.DiffSnapshots: snapshots.diff,
    requests.CheckSnapshots: snapshots.check,
    requests.ListTargets: pool.list_targets,
    requests.CheckTargets: pool.check,
    requests.ReleaseTarget: pool.release,
    requests.Match: planning.match,
    requests.Select: planning.select,
    requests.PlanRun: planning.plan,
    requests.Recover: runs.recover,
    requests.ListRuns: runs.list_runs,
    requests.ShowRun: runs.show,
    requests.ShowStep: runs.show_step,
    requests.ShowTimeline: runs.show_timeline,
    requests.Attach: runs.attach,
    requests.Retry: runs.retry,
    requests.Skip: runs.skip,
    requests.Approve: runs.approve,
    requests.Pause: runs.pause,
    requests.Resume: runs.resume,
    requests.Replace: amending.replace,
    requests.ListSpares: amending.list_spares,
    requests.ShowFlags: amending.show_flags,
    requests.SetFlags: amending.set_flags,
    requests.ShowUplinks: uplinks.show,
    requests.ApplyUplinks: uplinks.apply,
    requests.ReviewUplinks: uplinks.review,
    requests.RollBackUplinks: uplinks.roll_back,
    requests.Cancel: runs.cancel,
    requests.Cleanup: runs.cleanup,
    requests.Report: runs.report,
    requests.Present: presenting.present,
    requests.WatchPresenter: presenting.watch,
    requests.TestNotify: notify.test,
}
