"""Handler for a host's membership in a distributed switch (R72)."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.distributed import SWITCH
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session


class JoinSwitch(SiteHandler):
    """A host's membership in a distributed switch, with the ports that are free for it.

    A port that still carries management on a standard switch follows later, together with its
    VMkernel interface: see `vmkernel`.
    """

    async def observe(self, work: Work) -> Done | None:
        session, switch = await self._switch(work)
        uuid = (await session.read(switch, "uuid"))["uuid"]
        proxies, free = await self._on_host(work)
        proxy = next((proxy for proxy in proxies if proxy.dvsUuid == uuid), None)
        if proxy is None:
            return None
        held = {spec.pnicDevice for spec in proxy.spec.backing.pnicSpec} if proxy.spec.backing else set()
        return Done(result={"nics": sorted(held)}) if free <= held else None

    async def act(self, work: Work) -> None:
        session, switch = await self._switch(work)
        known = await session.read(switch, "config.configVersion", "summary.hostMember")
        host = found(work, "host")
        member = any(other._moId == host for other in known.get("summary.hostMember") or [])
        nics = self._nics(work)
        _proxies, free = await self._on_host(work)
        entry = vim.dvs.HostMember.ConfigSpec(
            operation="edit" if member else "add",
            host=reference("HostSystem", host),
            backing=vim.dvs.HostMember.PnicBacking(
                pnicSpec=[vim.dvs.HostMember.PnicSpec(pnicDevice=nic) for nic in nics if nic in free]
            ),
        )
        spec = vim.dvs.VmwareDistributedVirtualSwitch.ConfigSpec(
            configVersion=known["config.configVersion"], host=[entry]
        )
        await work.check()
        seconds, about = work.step.deadline_s, work.step.object
        await run_task(session, switch, "ReconfigureDvs_Task", spec=spec, seconds=seconds, about=about)

    async def _switch(self, work: Work) -> tuple[Session, Any]:
        return await self.site.server(work), reference(SWITCH, found(work, "switch"))

    def _nics(self, work: Work) -> list[str]:
        placed = work.result(work.step.arguments["proved"])["nics"]
        return [placed[nic] for nic in work.step.arguments["nics"] if nic in placed]

    async def _on_host(self, work: Work) -> tuple[list[Any], set[str]]:
        """Returns the host's parts of distributed switches, and the planned ports that no standard
        switch of it holds. The host is asked: a switch tells of its members only all at once."""
        session = await self.site.server(work)
        proxies, standard = "config.network.proxySwitch", "config.network.vswitch"
        told = await session.read(reference("HostSystem", found(work, "host")), proxies, standard)
        bridges = [switch.spec.bridge for switch in told.get(standard) or []]
        taken = {nic for bridge in bridges if bridge is not None for nic in bridge.nicDevice}
        return told.get(proxies) or [], set(self._nics(work)) - taken
