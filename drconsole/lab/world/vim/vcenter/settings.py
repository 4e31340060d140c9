"""The advanced settings of a vCenter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedObject

if TYPE_CHECKING:
    from drconsole.lab.world.management import Management
    from drconsole.lab.world.vim.call import Call


class OptionManager(ManagedObject):
    """Settings by key; `VirtualCenter.` asks for all below."""

    wsdl = "OptionManager"
    defaults: ClassVar[dict[str, Any]] = {"supportedOption": [], "setting": []}

    async def QueryOptions(self, call: Call, name: str | None) -> Any:
        found = [o for o in self.value("setting") if not name or o.key == name or _below(o.key, name)]
        if not found:
            raise fault("InvalidName", name=name)
        return found

    async def UpdateOptions(self, call: Call, changedValue: Any) -> None:
        values = {option.key: option for option in self.value("setting")}
        for option in changedValue:
            if option.key not in values:
                raise fault("InvalidName", name=option.key)
            values[option.key] = option
        self.set(setting=list(values.values()))


def settings_of(management: Management) -> list[Any]:
    """Returns the settings that an installed appliance has."""
    values: dict[str, object] = {
        "VirtualCenter.FQDN": management.hostname,
        "VirtualCenter.InstanceName": management.hostname,
        "VirtualCenter.ManagedIP": management.interfaces[0].address if management.interfaces else "",
        "VirtualCenter.VimApiUrl": f"https://{management.hostname}/sdk",
        "VirtualCenter.VimWebServicesUrl": f"https://{management.hostname}/vws",
        "vpxd.cert.mode": "vmca",
        "vpxd.certmgmt.mode": "vmca",
        "config.log.level": "info",
        "instance.id": sum(management.instance_uuid.encode()) % 64,
    }
    return [new("OptionValue", key=key, value=value) for key, value in values.items()]


def _below(key: str, prefix: str) -> bool:
    return prefix.endswith(".") and key.startswith(prefix)
