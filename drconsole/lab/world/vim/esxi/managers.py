"""The managers of a host: made with it, gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.esxi.browser import HostDatastoreBrowser
from drconsole.lab.world.vim.esxi.datastore_system import HostDatastoreSystem
from drconsole.lab.world.vim.esxi.network_system import HostNetworkSystem
from drconsole.lab.world.vim.esxi.nic_manager import HostVirtualNicManager
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.esxi.services import (
    HostCertificateManager,
    HostDateTimeSystem,
    HostOptions,
    HostServiceSystem,
)
from drconsole.lab.world.vim.esxi.storage_system import HostStorageSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import OPTIONAL, properties, wire_name, wsdl_type

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

OWN: dict[str, type[HostPart]] = {
    "datastoreSystem": HostDatastoreSystem,
    "storageSystem": HostStorageSystem,
    "networkSystem": HostNetworkSystem,
    "virtualNicManager": HostVirtualNicManager,
    "serviceSystem": HostServiceSystem,
    "advancedOption": HostOptions,
    "dateTimeSystem": HostDateTimeSystem,
    "certificateManager": HostCertificateManager,
}
_ELSEWHERE = frozenset({"licenseManager", "userDirectory", "cryptoManager"})


@dataclass(frozen=True)
class Managers:
    """Every manager of a host by its name in HostConfigManager, and the datastore browser."""

    by_name: dict[str, HostPart]
    browser: HostPart

    def all(self) -> tuple[HostPart, ...]:
        """Returns all of them."""
        return (*self.by_name.values(), self.browser)

    def config_manager(self) -> Any:
        """Returns the HostConfigManager value."""
        return new("HostConfigManager", **{name: part.ref() for name, part in self.by_name.items()})

    @property
    def services(self) -> HostPart:
        return self.by_name["serviceSystem"]

    @property
    def options(self) -> HostPart:
        return self.by_name["advancedOption"]

    @property
    def clock(self) -> HostPart:
        return self.by_name["dateTimeSystem"]


def make_managers(host: HostSystem) -> Managers:
    """Makes the managers of a host and puts them into service."""
    number = host.moid.removeprefix("host-")
    endpoint = host.endpoint
    parts = {name: kind(endpoint, f"{name}-{number}", host) for name, kind in (OWN | _silent()).items()}
    browser = HostDatastoreBrowser(endpoint, f"datastoreBrowser-{host.moid}", host)
    made = Managers(parts, browser)
    for part in made.all():
        endpoint.add(part)
    return made


@cache
def _silent() -> dict[str, type[HostPart]]:
    """Classes for managers of which the lab knows nothing: clients read the references and fail on
    unset ones. Those that would have to show something are left out."""
    found: dict[str, type[HostPart]] = {}
    for name, info in properties(wsdl_type("HostConfigManager")).items():
        if name.startswith("dynamic") or name in OWN or name in _ELSEWHERE:
            continue
        if all(item.flags & OPTIONAL for item in properties(info.type).values()):
            wsdl = wire_name(info.type)
            found[name] = type(wsdl, (HostPart,), {"wsdl": wsdl})
    return found
