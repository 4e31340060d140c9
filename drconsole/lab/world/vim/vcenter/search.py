"""Finding objects by path, uuid, address and name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.objects import ManagedEntity, ManagedObject
from drconsole.lab.world.vim.views import children

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call


class SearchIndex(ManagedObject):
    """The index that clients ask instead of walking the tree."""

    wsdl = "SearchIndex"

    async def FindByUuid(
        self, call: Call, datacenter: Any, uuid: str, vmSearch: bool, instanceUuid: bool | None
    ) -> Any:
        path = _uuid_path(vm=vmSearch, instance=bool(instanceUuid))
        return self._first(datacenter, vm=vmSearch, path=path, wanted=uuid)

    async def FindAllByUuid(
        self, call: Call, datacenter: Any, uuid: str, vmSearch: bool, instanceUuid: bool | None
    ) -> Any:
        path = _uuid_path(vm=vmSearch, instance=bool(instanceUuid))
        return list(self._all(datacenter, vm=vmSearch, path=path, wanted=uuid))

    async def FindByIp(self, call: Call, datacenter: Any, ip: str, vmSearch: bool) -> Any:
        return self._first(datacenter, vm=vmSearch, path=_address_path(vm=vmSearch), wanted=ip)

    async def FindByDnsName(self, call: Call, datacenter: Any, dnsName: str, vmSearch: bool) -> Any:
        path = "guest.hostName" if vmSearch else "name"
        return self._first(datacenter, vm=vmSearch, path=path, wanted=dnsName)

    async def FindByDatastorePath(self, call: Call, datacenter: Any, path: str) -> Any:
        return self._first(datacenter, vm=True, path="config.files.vmPathName", wanted=path)

    async def FindChild(self, call: Call, entity: Any, name: str) -> Any:
        return _child(self.endpoint.at(entity), name)

    async def FindByInventoryPath(self, call: Call, inventoryPath: str) -> Any:
        item: ManagedObject = self.endpoint.at(self.endpoint.content.rootFolder)
        for name in filter(None, inventoryPath.split("/")):
            found = _child(item, name)
            if found is None:
                return None
            item = self.endpoint.at(found)
        return item.ref()

    def _first(self, datacenter: Any, *, vm: bool, path: str, wanted: str) -> Any:
        return next(self._all(datacenter, vm=vm, path=path, wanted=wanted), None)

    def _all(self, datacenter: Any, *, vm: bool, path: str, wanted: str) -> Iterator[Any]:
        if datacenter is not None:
            self.endpoint.at(datacenter)
        kind = "VirtualMachine" if vm else "HostSystem"
        for item in tuple(self.endpoint.objects.values()):
            found = isinstance(item, ManagedEntity) and item.wsdl == kind and str(item.get(path)) == wanted
            if found and (datacenter is None or _inside(item, datacenter._moId)):
                yield item.ref()


def _uuid_path(*, vm: bool, instance: bool) -> str:
    if not vm:
        return "summary.hardware.uuid"
    return "config.instanceUuid" if instance else "config.uuid"


def _address_path(*, vm: bool) -> str:
    return "guest.ipAddress" if vm else "summary.managementServerIp"


def _child(item: ManagedObject, name: str) -> Any:
    return next((c.ref() for c in children(item) if c.value("name") == name), None)


def _inside(item: ManagedObject, moid: str) -> bool:
    above = item.parent if isinstance(item, ManagedEntity) else None
    return above is not None and (above.moid == moid or _inside(above, moid))
