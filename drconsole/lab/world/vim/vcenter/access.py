"""Managers that clients expect to find, with what little of them the lab has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedObject, computed

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

ADMIN = -1
ALARM_WORDS = (
    "expr",
    "stateOperator",
    "metricOperator",
    "hostSystemConnectionState",
    "virtualMachinePowerState",
    "datastoreConnectionState",
    "hostSystemPowerState",
    "virtualMachineGuestHeartbeatStatus",
    "entityStatus",
    "action",
)


class AuthorizationManager(ManagedObject):
    """One role: whoever logs in is an administrator."""

    wsdl = "AuthorizationManager"
    defaults: ClassVar[dict[str, Any]] = {"privilegeList": []}

    @computed("roleList")
    def _roles(self) -> Any:
        described = new("Description", label="Administrator", summary="Full access rights")
        return [
            new("AuthorizationRole", roleId=ADMIN, system=True, name="Admin", info=described, privilege=[])
        ]

    @computed("description")
    def _description(self) -> Any:
        return new("AuthorizationDescription", privilege=[], privilegeGroup=[])

    async def RetrieveEntityPermissions(self, call: Call, entity: Any, inherited: bool) -> Any:
        self.endpoint.at(entity)
        return []

    async def RetrieveAllPermissions(self, call: Call) -> Any:
        return []

    async def RetrieveRolePermissions(self, call: Call, roleId: int) -> Any:
        if roleId != ADMIN:
            raise fault("NotFound")
        return []

    async def HasPrivilegeOnEntity(self, call: Call, entity: Any, sessionId: str, privId: Any) -> Any:
        return [True for _ in privId]


class CustomFieldsManager(ManagedObject):
    """Custom fields: none are defined."""

    wsdl = "CustomFieldsManager"
    defaults: ClassVar[dict[str, Any]] = {"field": []}


class ExtensionManager(ManagedObject):
    """Extensions: none are registered."""

    wsdl = "ExtensionManager"
    defaults: ClassVar[dict[str, Any]] = {"extensionList": []}

    async def FindExtension(self, call: Call, extensionKey: str) -> Any:
        return None


class UserDirectory(ManagedObject):
    """The directory of users."""

    wsdl = "UserDirectory"
    defaults: ClassVar[dict[str, Any]] = {"domainList": ["vsphere.local"]}


class AlarmManager(ManagedObject):
    """Alarms: none are defined."""

    wsdl = "AlarmManager"
    defaults: ClassVar[dict[str, Any]] = {"defaultExpression": []}

    @computed("description")
    def _description(self) -> Any:
        empty: dict[str, Any] = {name: [] for name in ALARM_WORDS}
        return new("AlarmDescription", **empty)

    async def GetAlarm(self, call: Call, entity: Any) -> Any:
        return []


class ScheduledTaskManager(ManagedObject):
    """Scheduled tasks: none are defined."""

    wsdl = "ScheduledTaskManager"
    defaults: ClassVar[dict[str, Any]] = {"scheduledTask": []}

    @computed("description")
    def _description(self) -> Any:
        empty: dict[str, Any] = {
            "action": [],
            "schedulerInfo": [],
            "state": [],
            "dayOfWeek": [],
            "weekOfMonth": [],
        }
        return new("ScheduledTaskDescription", **empty)


class PerformanceManager(ManagedObject):
    """Statistics: none are kept."""

    wsdl = "PerformanceManager"
    defaults: ClassVar[dict[str, Any]] = {"historicalInterval": [], "perfCounter": []}

    @computed("description")
    def _description(self) -> Any:
        return new("PerformanceDescription", counterType=[], statsType=[])


class LicenseManager(ManagedObject):
    """The licence: an evaluation."""

    wsdl = "LicenseManager"
    defaults: ClassVar[dict[str, Any]] = {
        "sourceAvailable": True,
        "licensedEdition": "",
        "licenseAssignmentManager": None,
    }

    @computed("source")
    def _source(self) -> Any:
        return new("EvaluationLicenseSource", remainingHours=1440)

    @computed("diagnostics")
    def _diagnostics(self) -> Any:
        return None

    @computed("evaluation")
    def _evaluation(self) -> Any:
        return new("LicenseManagerEvaluationInfo", properties=[])

    @computed("licenses")
    def _licenses(self) -> Any:
        return [_evaluation_license()]


def _evaluation_license() -> Any:
    return new(
        "LicenseManagerLicenseInfo",
        licenseKey="00000-00000-00000-00000-00000",
        editionKey="eval",
        name="Product Evaluation",
        total=0,
        used=0,
        costUnit="",
    )
