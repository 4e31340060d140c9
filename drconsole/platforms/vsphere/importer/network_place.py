"""Handler that puts a standard network into its captured folder.

Port groups of one name on several hosts make one network, which the server puts into the datacenter's
own network folder; only where it was captured in another one is there something to do.
"""

from __future__ import annotations

from typing import Any

from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, names_of, reference
from drconsole.platforms.vsphere.importer.tasks import run_task


class PlaceNetwork(SiteHandler):
    """A standard network, moved into its folder once its port groups stand."""

    async def observe(self, work: Work) -> Done | None:
        network = await self._standing(work)
        if network is None:
            return None
        session = await self.site.server(work)
        parent = (await session.read(network, "parent"))["parent"]
        return Done() if parent._moId == found(work, "folder") else None

    async def act(self, work: Work) -> None:
        network = await self._standing(work)
        if network is None:
            return
        session, folder = await self.site.server(work), reference("Folder", found(work, "folder"))
        seconds, about = work.step.deadline_s, work.step.object
        await work.check()
        await run_task(session, folder, "MoveIntoFolder_Task", list=[network], seconds=seconds, about=about)

    async def _standing(self, work: Work) -> Any:
        """Returns the network as a host that has it shows it."""
        session = await self.site.server(work)
        host = reference("HostSystem", found(work, "host"))
        shown = (await session.read(host, "network")).get("network") or []
        standard = [item for item in shown if item._wsdlName == "Network"]
        names = await names_of(session, standard)
        return next((item for item, name in names.items() if name == work.step.arguments["name"]), None)
