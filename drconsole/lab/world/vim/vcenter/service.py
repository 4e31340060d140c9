"""The door-plate of a server: its content and its clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import ManagedObject, computed

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call


class ServiceInstance(ManagedObject):
    """Where every client starts; vCenters and hosts have one."""

    wsdl = "ServiceInstance"
    volatile = frozenset({"serverClock"})

    @computed("content")
    def _content(self) -> Any:
        return self.endpoint.content

    @computed("capability")
    def _capability(self) -> Any:
        return new(
            "Capability", provisioningSupported=True, multiHostSupported=True, userShellAccessSupported=False
        )

    @computed("serverClock")
    def _clock(self) -> datetime:
        return self.world.clock.now()

    async def RetrieveServiceContent(self, call: Call) -> Any:
        return self.endpoint.content

    async def CurrentTime(self, call: Call) -> datetime:
        return self.world.clock.now()

    async def QueryVMotionCompatibility(self, call: Call, vm: Any, host: Any, compatibility: Any) -> Any:
        return [
            new("HostVMotionCompatibility", host=item, compatibility=["cpu", "software"]) for item in host
        ]
