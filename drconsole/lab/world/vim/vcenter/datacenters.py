"""Datacenters: the roots of four trees, and the question who answers at an address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedEntity, computed
from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.vim.vcenter.tree import TreeEntity

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

TREES = {"vmFolder": ("v", "vm"), "hostFolder": ("h", "host"), "datastoreFolder": ("s", "datastore"),
         "networkFolder": ("n", "network")}  # fmt: skip
"""A datacenter's root folders: property → letter and name."""


class Datacenter(TreeEntity):
    """A datacenter. `furnish` gives it its four root folders."""

    wsdl = "Datacenter"
    prefix = "datacenter"
    volatile = frozenset({"datastore", "network"})

    def furnish(self) -> None:
        """Makes the root folders."""
        for prop, (letter, name) in TREES.items():
            folder = self.endpoint.add(Folder(self.endpoint, name=name, holds=letter))
            self.adopt(folder)
            self.set(**{prop: folder.ref()})

    def folder(self, prop: str) -> Folder:
        """Returns a root folder: `vmFolder`, `hostFolder`, `datastoreFolder`, `networkFolder`."""
        return cast("Folder", self.endpoint.at(self.props[prop]))

    def inside(self, prop: str) -> Iterator[ManagedEntity]:
        """Yields what a root folder holds at any depth, folders left out."""
        return _below(self.folder(prop))

    @computed("datastore")
    def _datastore(self) -> Any:
        if "datastoreFolder" not in self.props:
            return []
        return [item.ref() for item in self.inside("datastoreFolder") if item.wsdl == "Datastore"]

    @computed("network")
    def _network(self) -> Any:
        if "networkFolder" not in self.props:
            return []
        kinds = {"Network", "DistributedVirtualPortgroup"}
        return [item.ref() for item in self.inside("networkFolder") if item.wsdl in kinds]

    @computed("configuration")
    def _configuration(self) -> Any:
        return new("DatacenterConfigInfo")

    async def QueryConnectionInfo(  # noqa: PLR0917 - the wire's parameters
        self,
        call: Call,
        hostname: str,
        port: int,
        username: str,
        password: str,
        sslThumbprint: str | None,
    ) -> Any:
        from drconsole.lab.world.vim.esxi.connecting import connection_info

        spec = new(
            "HostConnectSpec",
            hostName=hostname,
            port=port,
            userName=username,
            password=password,
            sslThumbprint=sslThumbprint,
            force=False,
        )
        return connection_info(call.endpoint, spec)

    async def Destroy_Task(self, call: Call) -> None:
        if any(True for prop in TREES for _ in self.inside(prop)):
            raise fault("ResourceInUse", f"{self.name} is not empty", type="Datacenter", name=self.name)
        await call.take("vcenter.destroy")
        self.write(call, "destroy")
        above = self.parent
        if isinstance(above, TreeEntity):
            above.release(self)
        for folder in tuple(self.children.values()):
            self.endpoint.remove(folder)
        self.endpoint.remove(self)


def _below(folder: Folder) -> Iterator[ManagedEntity]:
    for item in tuple(folder.children.values()):
        if isinstance(item, Folder):
            yield from _below(item)
        else:
            yield item
