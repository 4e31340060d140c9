"""A service that has something to show on each of the eight screens."""

from __future__ import annotations

from pathlib import Path

from drconsole.api import requests
from tests.console.archive_world import archive
from tests.console.hostile_replies import replies
from tests.console.reported_world import MET, MISSED, ONGOING, reported
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import POOL, events, run_view
from tests.unit.planning_site import small_site

NAMES = (
    *(guest.name for guest in small_site().virtual_machines),
    *(host.name for host in small_site().hosts),
    *(step.key for step in run_view(small_site()).steps),
    *(
        "vc-01",
        "db-01",
        "new-01",
        "X",
        "pittsburgh",
        "prod",
        "Management Network",
        MET,
        MISSED,
        ONGOING,
        *POOL,
    ),
)
"""What the objects of this world are called."""


def full(folder: Path) -> ScriptedService:
    """Returns the service: three snapshots, a run that waits, and two that are over."""
    service, site = archive(folder), small_site()
    view = run_view(site)
    shows_run(service, view)
    service.events = [*events(site)]
    hosts = [host.name for host in site.hosts]
    replies(service, site, view, [*hosts, *hosts, *hosts])
    over = reported(folder)
    service.answers |= {kind: over.answers[kind] for kind in (requests.ListRuns, requests.Report)}
    return service
