"""A walk through a vSphere inventory by pyVmomi alone, from the root folder down, one object at a time.

It imports nothing of the product and uses neither views nor traversals, so that it cannot make the
same mistake.
"""

from __future__ import annotations

import ssl
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

_DOWN = {
    vim.Folder: ("childEntity",),
    vim.Datacenter: ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    vim.ComputeResource: ("host", "resourcePool"),
    vim.ResourcePool: ("resourcePool", "vm"),
}


class Walk:
    """All objects found, by id: `kinds` their pyVmomi classes, `of` their properties."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        context = ssl._create_unverified_context()  # loopback; what is proved here is the content
        self._service = SmartConnect(host=host, port=port, user=user, pwd=password, sslContext=context)
        self._collector = self._service.content.propertyCollector
        self.objects: dict[str, Any] = {}
        self._visit(self._service.content.rootFolder)

    def close(self) -> None:
        Disconnect(self._service)

    def _visit(self, on: Any) -> None:
        if on._moId in self.objects:
            return
        self.objects[on._moId] = on
        for path in _below(on):
            for value in self.read(on, path).values():
                for child in value if isinstance(value, list) else [value]:
                    self._visit(child)

    def read(self, on: Any, *paths: str) -> dict[str, Any]:
        """Reads properties of one object; unset ones are absent."""
        query = vmodl.query.PropertyCollector
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=on)],
            propSet=[query.PropertySpec(type=type(on), pathSet=list(paths))],
        )
        reply = self._collector.RetrievePropertiesEx([spec], query.RetrieveOptions())
        return {prop.name: prop.val for content in reply.objects for prop in content.propSet}

    def ids(self, *kinds: type) -> set[str]:
        return {id for id, on in self.objects.items() if isinstance(on, kinds)}

    def each(self, kind: type, *paths: str) -> dict[str, dict[str, Any]]:
        """Reads properties of every object of a kind: id → path → value."""
        return {id: self.read(self.objects[id], *paths) for id in self.ids(kind)}


def _below(on: Any) -> tuple[str, ...]:
    if isinstance(on, vim.VirtualApp):
        return ("vm",)  # govmomi 0.24 answers a vApp's resourcePool with references that have no type
    return next((paths for kind, paths in _DOWN.items() if isinstance(on, kind)), ())
