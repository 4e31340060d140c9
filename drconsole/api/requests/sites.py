"""Requests about the service itself, and about sites."""

from __future__ import annotations

from drconsole.api.overview import Overview
from drconsole.api.requests.request import Request
from drconsole.api.values import ChannelOutcome, InventoryBatch, ServiceStatus, SiteEntry
from drconsole.model.live import HostListing, SiteCheck


class Status(Request[ServiceStatus, None], frozen=True, kw_only=True):
    """Who answers."""


class Stop(Request[None, None], frozen=True, kw_only=True):
    """Ends the service; runs go on."""


class TestNotify(Request[tuple[ChannelOutcome, ...], None], frozen=True, kw_only=True):
    """Sends a message to each configured channel now, once, and says what came of it."""

    __test__ = False  # its name begins like a test's


class ListSites(Request[tuple[SiteEntry, ...], None], frozen=True, kw_only=True):
    """The configured sites with their newest snapshot, oldest name first."""


class CheckSite(Request[SiteCheck, None], frozen=True, kw_only=True):
    """Logs in to a site's management server once."""

    site: str


class ListHosts(Request[tuple[HostListing, ...], None], frozen=True, kw_only=True):
    """The hosts under a site's management server, to build a subset from (R19)."""

    site: str


class WatchInventory(Request[None, InventoryBatch], frozen=True, kw_only=True):
    """A site's live inventory: first all of it, then changes, and a sign of life a second.

    With `run` it is that of the management server that this run has recovered (`latest`: the newest).
    """

    site: str
    run: str = ""


class WatchOverview(Request[None, Overview], frozen=True, kw_only=True):
    """Service, sites, pool and runs: first all, then what changes, and a sign of life each two seconds."""
