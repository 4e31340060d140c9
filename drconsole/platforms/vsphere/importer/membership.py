"""Handler for a host's membership in a distributed switch (R72)."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.distributed import SWITCH
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task


class JoinSwitch(SiteHandler):
    """A host's membership in a distributed switch, with the ports that are free for it.

    A port that still carries management on a standard switch follows later, together with its
    VMkernel interface: see `vmkernel`.
    """

    async def observe(self, work: Work) -> Done | None:
        _session, _switch, config = await self._read(work)
        member = self._member(work, config)
        if member is None:
            return None
        held = (
            {spec.pnicDevice for spec in member.config.backing.pnicSpec} if member.config.backing else set()
        )
        return Done(result={"nics": sorted(held)}) if await self._free(work) <= held else None

    async def act(self, work: Work) -> None:
        session, switch, config = await self._read(work)
        member = self._member(work, config)
        nics = self._nics(work)
        free = await self._free(work)
        entry = vim.dvs.HostMember.ConfigSpec(
            operation="edit" if member is not None else "add",
            host=reference("HostSystem", found(work, "host")),
            backing=vim.dvs.HostMember.PnicBacking(
                pnicSpec=[vim.dvs.HostMember.PnicSpec(pnicDevice=nic) for nic in nics if nic in free]
            ),
        )
        spec = vim.dvs.VmwareDistributedVirtualSwitch.ConfigSpec(
            configVersion=config.configVersion, host=[entry]
        )
        await work.check()
        seconds, about = work.step.deadline_s, work.step.object
        await run_task(session, switch, "ReconfigureDvs_Task", spec=spec, seconds=seconds, about=about)

    async def _read(self, work: Work) -> tuple[Any, Any, Any]:
        session = await self.site.server(work)
        switch = reference(SWITCH, found(work, "switch"))
        return session, switch, (await session.read(switch, "config"))["config"]

    def _member(self, work: Work, config: Any) -> Any:
        host = found(work, "host")
        return next((m for m in config.host if m.config.host and m.config.host._moId == host), None)

    def _nics(self, work: Work) -> list[str]:
        placed = work.result(work.step.arguments["proved"])["nics"]
        return [placed[nic] for nic in work.step.arguments["nics"] if nic in placed]

    async def _free(self, work: Work) -> set[str]:
        """Returns the planned ports that no standard switch of the host holds."""
        session = await self.site.server(work)
        host = reference("HostSystem", found(work, "host"))
        switches = (await session.read(host, "config.network.vswitch")).get("config.network.vswitch") or []
        taken = {nic for s in switches if s.spec.bridge is not None for nic in s.spec.bridge.nicDevice}
        return set(self._nics(work)) - taken
