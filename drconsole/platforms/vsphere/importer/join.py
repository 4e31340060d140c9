"""Handler that makes a host known to the management server (R70)."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.model.step import Done, Facts, Work
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import (
    RecoveredSite,
    SiteHandler,
    children,
    names_of,
    read_all,
    reference,
)
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session

_THUMBPRINT = "summary.config.sslThumbprint"
_UNRESOLVED = frozenset(
    {"NoHost", "InvalidName", "HostConnectFault", "HostCommunication", "CannotAccessNetwork"}
)
"""What a management server says of a name that nothing resolves for it."""


class AddHost(SiteHandler):
    """Adds a host to its cluster, or to its folder where it stands alone.

    It is added under its captured name where that resolves at the recovery site, else by address.
    """

    def __init__(self, site: RecoveredSite) -> None:
        super().__init__(site)
        self._names: dict[str, str] = {}
        """Hosts by id, as their server calls them: a host cannot be renamed there."""

    async def observe(self, work: Work) -> Done | None:
        standing = await self._standing(work)
        if standing is None:
            return None
        session = await self.site.server(work)
        paths = ("runtime.connectionState", "name", "parent", _THUMBPRINT)
        state = await session.read(standing, *paths)
        if state.get("runtime.connectionState") != "connected":
            return None
        moids = {work.step.arguments["id"]: standing._moId}
        if root := work.step.arguments["root_pool"]:
            alone = state["parent"]
            moids[root] = (await session.read(alone, "resourcePool"))["resourcePool"]._moId
        # The server has given the host a certificate of its own: whoever speaks to it now expects this one.
        shown = state.get(_THUMBPRINT) or ""
        return Done(result={"moids": moids, "name": state["name"], "thumbprint": shown})

    async def act(self, work: Work) -> None:
        standing = await self._standing(work)
        await work.check()
        if standing is not None:
            session = await self.site.server(work)
            await self._run(work, standing, "ReconnectHost_Task", cnxSpec=None)
            await session.read(standing, "name")
            return
        try:
            await self._add(work, work.step.arguments["name"])
        except Fault as fault:
            if fault.code not in _UNRESOLVED:
                raise
            work.say("its name does not resolve here; it is added by its address")
            await self._add(work, work.step.arguments["address"])

    async def _add(self, work: Work, name: str) -> None:
        arguments = work.step.arguments
        proved = work.result(arguments["proved"])
        spec = vim.host.ConnectSpec(
            hostName=name,
            port=proved["port"],
            userName="root",
            password=self.site.root_password(),
            sslThumbprint=proved["thumbprint"],
            force=True,
        )
        parent = self._parent(work)
        if arguments["standalone"]:
            await self._run(work, parent, "AddStandaloneHost_Task", spec=spec, addConnected=True)
        else:
            await self._run(work, parent, "AddHost_Task", spec=spec, asConnected=True)

    async def _run(self, work: Work, on: Any, method: str, **arguments: Any) -> None:
        session = await self.site.server(work)
        await run_task(session, on, method, seconds=work.step.deadline_s, about=work.step.object, **arguments)

    def _parent(self, work: Work) -> Any:
        kind = "Folder" if work.step.arguments["standalone"] else "ClusterComputeResource"
        return reference(kind, found(work, "parent"))

    async def _standing(self, work: Work) -> Any:
        """Returns the host by name or address; a machine alone stands in a ComputeResource of its name."""
        session, arguments = await self.site.server(work), work.step.arguments
        parent = self._parent(work)
        if arguments["standalone"]:
            rows = list((await children(session, parent)).values())
            alone = [item for item in rows if isinstance(item, vim.ComputeResource)]
            held: Facts = await read_all(session, alone, "host") if alone else {}
            hosts = [host for values in held.values() for host in values.get("host", [])]
        else:
            hosts = (await session.read(parent, "host")).get("host") or []
        named = await self._named(session, hosts)
        moid = named.get(arguments["name"]) or named.get(arguments["address"])
        return reference("HostSystem", moid) if moid else None

    async def _named(self, session: Session, hosts: list[Any]) -> dict[str, str]:
        """Returns name → id. Each host is asked once: a cluster has hundreds while they join one by one."""
        strange = [host for host in hosts if host._moId not in self._names]
        for host, name in (await names_of(session, strange)).items():
            self._names[host._moId] = name
        return {self._names[host._moId]: host._moId for host in hosts if host._moId in self._names}
