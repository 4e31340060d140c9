"""The barrier before storage is connected: the world is read, and R64 and R68 are proved."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.recovered import SiteHandler
from drconsole.platforms.vsphere.session import Session

_MUST_BE_ABSENT = (vim.HostSystem, vim.VirtualMachine, vim.Network, vim.Datastore)


class Barrier(SiteHandler):
    """Software installed, no storage connected, machines unaware of each other (R64, R68)."""

    async def observe(self, work: Work) -> Done | None:
        session = await self.site.server(work)
        known = await _inventory(session)
        if known:
            raise DeviceError(
                f"the recovered management server already knows {', '.join(sorted(known))}",
                about=self.site.management,
                remedy="find out who added it; a recovery begins with an empty inventory",
            )
        foreign = {
            key.split("/")[1]: found["foreign"]
            for key, found in work.results("uplinks/").items()
            if found.get("foreign")
        }
        if foreign:
            raise DeviceError(
                "sees shared volumes before storage is connected: "
                + ", ".join(volume for volumes in foreign.values() for volume in volumes),
                about=", ".join(foreign),
                remedy="unpresent them from this machine",
            )
        proved = [key for key in work.results("uplinks/") if key.endswith("/prove")]
        return Done(result={"hosts": len(proved)})

    async def act(self, work: Work) -> None:
        """Nothing is done here: a barrier only looks."""


async def _inventory(session: Session) -> set[str]:
    view: Any = await session.invoke(
        session.content.viewManager,
        "CreateContainerView",
        container=session.content.rootFolder,
        type=list(_MUST_BE_ABSENT),
        recursive=True,
    )
    found = (await session.read(view, "view")).get("view") or []
    await session.invoke(view, "DestroyView")
    return {f"{item._wsdlName} {item._moId}" for item in found}
