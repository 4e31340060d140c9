"""Answers about the service itself and about sites."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from drconsole import __version__
from drconsole.api import requests
from drconsole.api.values import ServiceStatus, SiteEntry
from drconsole.journal import runs
from drconsole.model.live import HostListing, SiteCheck
from drconsole.recovery.drivers import platform_of
from drconsole.repository.entry import Entry
from drconsole.service.answers.snapshots import shown
from drconsole.service.caller import Caller
from drconsole.service.inventory import Inventory
from drconsole.service.state import State, in_thread
from drconsole.settings.values import Site


async def status(state: State, request: requests.Status, caller: Caller) -> ServiceStatus:
    """Who answers, and what it has in hand."""
    return status_of(state)


def status_of(state: State) -> ServiceStatus:
    """Returns who answers, and what it has in hand."""
    return ServiceStatus(
        version=__version__,
        pid=os.getpid(),
        config=state.settings.path,
        state_dir=state.settings.state_dir,
        started=state.started,
        single_user=state.settings.people is None,
        clients=state.clients,
        runs=tuple(row.id for row in state.runners.unfinished()),
    )


async def stop(state: State, request: requests.Stop, caller: Caller) -> None:
    """Agrees to end: the server does so once this reply is sent."""


async def list_sites(state: State, request: requests.ListSites, caller: Caller) -> tuple[SiteEntry, ...]:
    """The configured sites by name."""
    return entries_of(state, await in_thread(state.repository.newest))


def entries_of(state: State, newest: Mapping[str, Entry]) -> tuple[SiteEntry, ...]:
    """Returns the configured sites by name, as they are now; `newest` are their newest snapshots."""
    return tuple(_site(state, site, newest.get(name)) for name, site in sorted(state.settings.sites.items()))


def _site(state: State, site: Site, newest: Entry | None) -> SiteEntry:
    live = state.inventories.peek(site.name)
    return SiteEntry(
        name=site.name,
        platform=site.platform,
        address=site.endpoint.address,
        profile=site.profile,
        capture_s=site.capture_s,
        rpo_s=site.rpo_s,
        rto_s=site.rto_s,
        live=live.state if live else "unwatched",
        age_s=live.age_s if live else None,
        error=live.error if live else "",
        snapshot=shown(newest) if newest else None,
        capture=state.captures.status(site.name),
        theme=site.theme,
    )


async def check(state: State, request: requests.CheckSite, caller: Caller) -> SiteCheck:
    """Logs in once; a watch that had been turned away goes on where this one is let in."""
    site = state.site(request.site)
    found = await platform_of(state.settings, site.name).check(site, state.settings)
    state.inventories.resume(site.name)
    return found


async def list_hosts(state: State, request: requests.ListHosts, caller: Caller) -> tuple[HostListing, ...]:
    """The hosts under control (R19)."""
    site = state.site(request.site)
    return await platform_of(state.settings, site.name).list_hosts(site, state.settings)


async def watch(state: State, request: requests.WatchInventory, caller: Caller) -> None:
    """The live inventory of a site or of what a run has recovered of it, until the caller leaves."""
    site = state.site(request.site)
    if not request.run:
        await _shown(state.inventories.of(site), caller)
        return
    run = state.journal.read(lambda c: runs.find(c, request.run, site.name)).id
    async with state.recovered.of(run) as inventory:
        await _shown(inventory, caller)


async def _shown(inventory: Inventory, caller: Caller) -> None:
    async with contextlib.aclosing(inventory.looked_at()) as batches:
        async for batch in batches:
            await caller.send(batch)
