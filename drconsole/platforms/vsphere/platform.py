"""VMware vSphere as a platform of the product: what it reads of a site."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from pyVmomi import vim

from drconsole.errors import DeadlinePassed
from drconsole.model.inventory import Snapshot
from drconsole.model.live import HostListing, InventoryChange, SiteCheck
from drconsole.model.step import Handler, Handlers, Step
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.contract import Progress
from drconsole.platforms.vsphere import hosts
from drconsole.platforms.vsphere import profile as profiles
from drconsole.platforms.vsphere import watch as live
from drconsole.platforms.vsphere.capture.taking import take
from drconsole.platforms.vsphere.collect import Found, everything, over_view, retrieve
from drconsole.platforms.vsphere.importer.cleanup import cleanup_steps
from drconsole.platforms.vsphere.importer.handlers import bound
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite
from drconsole.platforms.vsphere.importer.steps import rebuild_steps, recovered_guests
from drconsole.platforms.vsphere.protected.asking import AskRunning, PowerOnAlone
from drconsole.platforms.vsphere.protected.shut_down import ShutDown
from drconsole.platforms.vsphere.protected.site import ProtectedSite
from drconsole.platforms.vsphere.protected.steps import shut_down_steps
from drconsole.platforms.vsphere.session import Session
from drconsole.settings.values import Settings, Site


class VSpherePlatform:
    """Implements `platforms.contract.Platform` for vCenter 6.5 and later."""

    async def check(self, site: Site, settings: Settings) -> SiteCheck:
        """Logs in once and says who answered. Raises Unreachable, WrongCredentials, PinMismatch.

        An operator asks for this: credentials that were refused before are tried this once.
        """
        async with _within(settings, "site-check", site), await _open(site, settings, asked=True) as session:
            asked = datetime.now(UTC)
            theirs: datetime = await session.invoke(vim.ServiceInstance("ServiceInstance"), "CurrentTime")
            ours = asked + (datetime.now(UTC) - asked) / 2
            counts = await _count(session, "HostSystem", "VirtualMachine")
            about = session.content.about
            return SiteCheck(
                site=site.name,
                product=about.name,
                version=about.version,
                build=about.build or "",
                api_version=about.apiVersion,
                instance_uuid=about.instanceUuid or "",
                hosts=counts["HostSystem"],
                guests=counts["VirtualMachine"],
                skew_s=(theirs - ours).total_seconds(),
            )

    async def list_hosts(self, site: Site, settings: Settings) -> tuple[HostListing, ...]:
        """Lists every host, following clusters and folders until the list is complete (R19–R21)."""
        async with _within(settings, "site-check", site), await _open(site, settings) as session:
            return await hosts.list_hosts(session)

    async def capture(self, site: Site, settings: Settings, profile: str, progress: Progress) -> Snapshot:
        """Captures the elements that the profile names (R13–R24).

        `profile` is a shipped profile's name, or a path relative to the configuration's folder.
        Raises InvalidConfiguration for a wrong profile before anything is contacted.
        """
        chosen = profiles.load(profile, base=Path(settings.path).parent)
        async with _within(settings, "capture", site), await _open(site, settings) as session:
            return await take(session, settings.plan_of(site), chosen, progress)

    async def watch(self, site: Site, settings: Settings) -> AsyncIterator[tuple[InventoryChange, ...]]:
        """Yields batches of changes for ever; the first batches are the whole inventory."""
        async with await _open(site, settings) as session, aclosing(live.changes(session)) as batches:
            async for batch in batches:
                yield batch

    def steps(self, plan: PlanInput) -> tuple[Step, ...]:
        """Gives the steps of uplinks, import and guests, and the barrier before storage.

        In a planned run also those that shut guests down at the protected site.
        """
        return (*shut_down_steps(plan), *rebuild_steps(plan))

    def cleanup_steps(self, plan: PlanInput) -> tuple[Step, ...]:
        """Gives the steps that power off and unregister what a drill started."""
        if plan.mapping.management_server is None:
            return ()
        return cleanup_steps(plan, recovered_guests(plan))

    def handlers(self, settings: Settings, plan: PlanInput) -> Handlers:
        """Binds the handlers that the steps name. Connections are opened at their first use."""
        server = plan.mapping.management_server
        management = server.protected if server is not None else ""
        site = settings.sites[plan.site.name]
        return SiteHandlers(RecoveredSite(settings, site, management), ProtectedSite(settings, site))


class SiteHandlers(dict[str, Handler]):
    """The handlers of one site's recovery. Their sessions are closed with the mapping."""

    def __init__(self, site: RecoveredSite, protected: ProtectedSite) -> None:
        super().__init__(bound(site))
        self["vsphere.ask-running"] = AskRunning(protected)
        self["vsphere.shut-down"] = ShutDown(protected)
        self["vsphere.power-on-alone"] = PowerOnAlone(site, protected)
        self._sites = (site, protected)

    async def close(self) -> None:
        """Logs out of everything, as far as it still answers."""
        for site in self._sites:
            await site.close()


@asynccontextmanager
async def _within(settings: Settings, kind: str, site: Site) -> AsyncIterator[None]:
    """Bounds all calls of one thing that was asked for: each may take its time, and there are many."""
    limit = settings.deadlines[kind]
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError as late:
        raise DeadlinePassed(f"the {kind} took longer than {limit:g} s", about=site.name) from late


async def _open(site: Site, settings: Settings, *, asked: bool = False) -> Session:
    return await Session.open(site.endpoint, settings, about=site.name, asked=asked)


async def _count(session: Session, *types: str) -> dict[str, int]:
    counts = dict.fromkeys(types, 0)

    def sink(found: Found) -> None:
        if found.wsdl in counts:
            counts[found.wsdl] += 1

    async with everything(session, types) as view:
        await retrieve(session, over_view(session, view, dict.fromkeys(types, ("name",))), sink)
    return counts
