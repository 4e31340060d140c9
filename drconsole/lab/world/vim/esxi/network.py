"""Network: the port groups of one name on the hosts of a datacenter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity, computed, entity_name

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.host_system import HostSystem


class Network(ManagedEntity):
    """A standard network. `group` is the port groups' name, `members` the hosts by id."""

    wsdl = "Network"
    prefix = "network"
    volatile = frozenset({"vm"})

    def __init__(self, endpoint: Endpoint, group: str, **props: Any) -> None:
        super().__init__(endpoint, name=entity_name(group), **props)
        self.group = group
        self.members: dict[str, HostSystem] = {}

    def has(self, host: HostSystem) -> bool:
        """Whether guests on a host may use it."""
        return host.moid in self.members

    def join(self, host: HostSystem) -> None:
        """A host has a port group of this name."""
        if host.moid not in self.members:
            self.members[host.moid] = host
            self.touch("host", "summary")

    def leave(self, host: HostSystem) -> bool:
        """A host lost it. Returns whether it was a member."""
        left = self.members.pop(host.moid, None) is not None
        if left:
            self.touch("host", "summary")
        return left

    def retire(self) -> None:
        """Its last host lost it."""

    @computed("summary")
    def _summary(self) -> Any:
        return new("NetworkSummary", network=self.ref(), name=self.name, accessible=True, ipPoolName="")

    @computed("host")
    def _hosts(self) -> Any:
        return [host.ref() for host in self.hosts()]

    @computed("vm")
    def _guests(self) -> Any:
        return [
            guest
            for host in self.hosts()
            for guest in host.value("vm")
            if self.ref() in (self.endpoint.at(guest).value("network") or [])
        ]

    def hosts(self) -> list[HostSystem]:
        """Returns the hosts that have it."""
        return list(self.members.values())

    async def DestroyNetwork(self, call: Call) -> None:
        raise fault("ResourceInUse", "hosts have this network", name=self.name)

    async def Rename_Task(self, call: Call, newName: str) -> None:
        raise fault("InvalidName", "rename the port groups on the hosts", name=newName, entity=self.ref())

    async def Destroy_Task(self, call: Call) -> None:
        if self.value("vm") or self.members:
            raise fault("ResourceInUse", name=self.name)
        inventory.displace(self)
