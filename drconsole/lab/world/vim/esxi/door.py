"""A host's own endpoint: what answers where an installed ESXi listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.hypervisor.fresh import fresh_hypervisor
from drconsole.lab.world.vim.collector import PropertyCollector
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.hardware import about
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.events import EventManager
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity, ManagedObject
from drconsole.lab.world.vim.sessions import SessionManager, Sessions
from drconsole.lab.world.vim.tasks import TaskManager
from drconsole.lab.world.vim.vcenter.access import (
    AuthorizationManager,
    LicenseManager,
    PerformanceManager,
    UserDirectory,
)
from drconsole.lab.world.vim.vcenter.clusters import ComputeResource
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.vim.vcenter.search import SearchIndex
from drconsole.lab.world.vim.vcenter.service import ServiceInstance
from drconsole.lab.world.vim.views import ViewManager

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.machine import Machine
    from drconsole.lab.world.payload import HypervisorInstall
    from drconsole.lab.world.world import World

MANAGERS: dict[str, tuple[type[ManagedObject], str]] = {
    "propertyCollector": (PropertyCollector, "ha-property-collector"),
    "viewManager": (ViewManager, "ViewManager"),
    "userDirectory": (UserDirectory, "ha-user-directory"),
    "sessionManager": (SessionManager, "ha-sessionmgr"),
    "authorizationManager": (AuthorizationManager, "ha-authmgr"),
    "perfManager": (PerformanceManager, "ha-perfmgr"),
    "eventManager": (EventManager, "ha-eventmgr"),
    "taskManager": (TaskManager, "ha-taskmgr"),
    "licenseManager": (LicenseManager, "ha-license-manager"),
    "searchIndex": (SearchIndex, "ha-searchindex"),
}
"""ServiceContent's managers: property → class and id."""


class HostEndpoint(Endpoint):
    """The vim25 server of one host; root logs in with the password of its ks.cfg."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        world = hypervisor.world
        sessions = Sessions(world.clock, hypervisor.accepts)
        super().__init__(world, f"host:{hypervisor.machine.name}", about(hypervisor), sessions)
        self.hypervisor = hypervisor
        self._serve()

    def path_of(self, item: ManagedEntity) -> str:
        """Returns the path of an object that is unique in the world, for the ledger."""
        return f"{self.hypervisor.path}/{item.path()}"

    def _serve(self) -> None:
        root = self.add(Folder(self, "ha-folder-root", holds="d", name="ha-folder-root"))
        for kind, moid in MANAGERS.values():
            self.add(kind(self, moid))
        datacenter = self.add(Datacenter(self, "ha-datacenter", name="ha-datacenter"))
        root.adopt(datacenter)
        datacenter.furnish()
        name = self.hypervisor.full_name
        resource = self.add(ComputeResource(self, "ha-compute-res", name=name))
        resource.furnish()
        datacenter.folder("hostFolder").adopt(resource)
        self.host = self.add(HostSystem(self, self.hypervisor, moid="ha-host", name=name))
        resource.adopt(self.host)
        inventory.follow(self.host)
        self._show(root)

    def _show(self, root: Folder) -> None:
        managers: dict[str, Any] = {name: self.objects[moid].ref() for name, (_, moid) in MANAGERS.items()}
        self.content = new(
            "ServiceContent",
            rootFolder=root.ref(),
            about=self.about,
            setting=self.host.managers.options.ref(),
            **managers,
        )
        self.add(ServiceInstance(self, "ServiceInstance"))


def install_hypervisor(world: World, machine: Machine, install: HypervisorInstall) -> Hypervisor:
    """The world's factory: what a parsed ks.cfg makes of a machine, with its endpoint."""
    hypervisor = fresh_hypervisor(world, machine, install)
    hypervisor.endpoint = HostEndpoint(hypervisor)
    return hypervisor
