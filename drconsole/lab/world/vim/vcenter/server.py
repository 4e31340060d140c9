"""A vCenter's endpoint: the one root folder, the managers, and who may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.collector import PropertyCollector
from drconsole.lab.world.vim.events import EventManager
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity, ManagedObject
from drconsole.lab.world.vim.sessions import SessionManager, Sessions
from drconsole.lab.world.vim.tasks import TaskManager
from drconsole.lab.world.vim.vcenter.access import (
    AlarmManager,
    AuthorizationManager,
    CustomFieldsManager,
    ExtensionManager,
    LicenseManager,
    PerformanceManager,
    ScheduledTaskManager,
    UserDirectory,
)
from drconsole.lab.world.vim.vcenter.registered import Registered
from drconsole.lab.world.vim.vcenter.search import SearchIndex
from drconsole.lab.world.vim.vcenter.service import ServiceInstance
from drconsole.lab.world.vim.vcenter.settings import OptionManager, settings_of
from drconsole.lab.world.vim.views import ViewManager

if TYPE_CHECKING:
    from drconsole.lab.world.management import Management
    from drconsole.lab.world.world import World

MANAGERS: dict[str, tuple[type[ManagedObject], str]] = {
    "propertyCollector": (PropertyCollector, "propertyCollector"),
    "viewManager": (ViewManager, "ViewManager"),
    "setting": (OptionManager, "VpxSettings"),
    "userDirectory": (UserDirectory, "UserDirectory"),
    "sessionManager": (SessionManager, "SessionManager"),
    "authorizationManager": (AuthorizationManager, "AuthorizationManager"),
    "perfManager": (PerformanceManager, "PerfMgr"),
    "scheduledTaskManager": (ScheduledTaskManager, "ScheduledTaskManager"),
    "alarmManager": (AlarmManager, "AlarmManager"),
    "eventManager": (EventManager, "EventManager"),
    "taskManager": (TaskManager, "TaskManager"),
    "extensionManager": (ExtensionManager, "ExtensionManager"),
    "customFieldsManager": (CustomFieldsManager, "CustomFieldsManager"),
    "licenseManager": (LicenseManager, "LicenseManager"),
    "searchIndex": (SearchIndex, "SearchIndex"),
}
"""ServiceContent's managers: property → class and id."""


class VCenter(Endpoint):
    """A vCenter of one side. It is the management server's: who asks the network is that."""

    def __init__(self, world: World, management: Management) -> None:
        protected = management.side == "protected"
        super().__init__(
            world,
            f"vcenter:{management.name or management.hostname}",
            _about(management),
            Sessions(world.clock, lambda user, password: _right(management, user, password)),
            first_id=11 if protected else 1001,
        )
        self.management = management
        self.side = management.side
        self.registered = Registered()
        self.fails = self._failing
        self.expires = self._expires_at
        self._expired: set[int] = set()

    def serve(self, root: ManagedEntity) -> None:
        """Puts the managers and the root folder into service."""
        self.add(root)
        for kind, moid in MANAGERS.values():
            self.add(kind(self, moid))
        self.content = new(
            "ServiceContent",
            rootFolder=root.ref(),
            about=self.about,
            **{name: self.objects[moid].ref() for name, (_, moid) in MANAGERS.items()},
        )
        self.add(ServiceInstance(self, "ServiceInstance"))
        self.single(OptionManager).set(setting=settings_of(self.management))
        self.world.watch(self._expire_where_asked)

    def touch(self, changed: ManagedObject, *roots: str) -> None:
        """As for every endpoint; what a parent shows of its children changes with them."""
        super().touch(changed, *roots)
        above = changed.value("parent") if changed.wsdl == "HostSystem" else None
        resource = self.objects.get(above._moId) if above is not None else None
        if resource is not None:
            super().touch(resource, "datastore", "network", "summary")

    def retire(self) -> None:
        """As for every endpoint; no fault expires its sessions any more."""
        super().retire()
        self.world.unwatch(self._expire_where_asked)

    def path_of(self, item: ManagedEntity) -> str:
        """Returns the path of an object that is unique in the world, for the ledger."""
        return f"{self.side}/{item.path()}"

    def _failing(self, method: str, target: ManagedObject) -> Any:
        name = str(target.value("name") or "") if "name" in target.infos() else target.moid
        bitten = self.world.faults.bite("task-fails", method=method, object=name, endpoint=self.name)
        if bitten is None:
            return None
        wanted = bitten.where.get("fault", "SystemError")
        try:
            return fault(wanted, f"the fault task-fails is in force: {wanted}")
        except (KeyError, AttributeError):
            return fault("SystemError", f"the fault task-fails is in force: {wanted}", reason=wanted)

    def _expire_where_asked(self) -> None:
        """A fault without a method ends every session once; one with a method bites at the call."""
        for force in self.world.faults.all():
            asked = force.where.get("endpoint", self.name) == self.name and "method" not in force.where
            if force.name == "vcenter-session-expires" and asked and force.id not in self._expired:
                self._expired.add(force.id)
                self.sessions.expire()
                if force.left is not None:
                    self.world.faults.bite(force.name, endpoint=self.name)

    def _expires_at(self, method: str) -> bool:
        force = self.world.faults.active("vcenter-session-expires", endpoint=self.name, method=method)
        if force is None or "method" not in force.where:
            return False
        self.world.faults.bite("vcenter-session-expires", endpoint=self.name, method=method)
        return True


def _right(management: Management, user: str, password: str) -> bool:
    return user.lower() == management.username.lower() and password == management.password


def _about(management: Management) -> Any:
    return new(
        "AboutInfo",
        name="VMware vCenter Server",
        fullName=f"VMware vCenter Server {management.version} build-{management.build}",
        vendor="VMware, Inc.",
        version=management.version,
        build=management.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="linux-x64",
        productLineId="vpx",
        apiType="VirtualCenter",
        apiVersion=f"{management.version}.0",
        instanceUuid=management.instance_uuid,
        licenseProductName="VMware VirtualCenter Server",
        licenseProductVersion=management.version.partition(".")[0] + ".0",
    )
