"""The live inventory: a property collector of our own, asked again and again for what has changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from lxml import etree
from pyVmomi import vmodl

from drconsole.model.live import InventoryChange
from drconsole.platforms.vsphere.collect import everything, over_view, stream
from drconsole.platforms.vsphere.leaves import NS, child, children, text
from drconsole.platforms.vsphere.session import Session

WAIT_S = 30
_BATCH = 500
_KINDS = {
    "Datacenter": "datacenter",
    "Folder": "folder",
    "StoragePod": "folder",
    "ClusterComputeResource": "cluster",
    "HostSystem": "host",
    "ResourcePool": "resourcePool",
    "VirtualApp": "vApp",
    "DistributedVirtualSwitch": "distributedSwitch",
    "VmwareDistributedVirtualSwitch": "distributedSwitch",
    "DistributedVirtualPortgroup": "distributedPortGroup",
    "Network": "network",
    "Datastore": "datastore",
    "VirtualMachine": "virtualMachine",
}
_TREE = ("name", "parent")
_PATHS = {
    **dict.fromkeys(
        (
            "Datacenter",
            "Folder",
            "ComputeResource",
            "ResourcePool",
            "DistributedVirtualSwitch",
            "DistributedVirtualPortgroup",
            "Network",
        ),
        _TREE,
    ),
    "Datastore": (*_TREE, "summary.type", "summary.accessible"),
    "HostSystem": (*_TREE, "runtime.connectionState", "runtime.inMaintenanceMode", "config.product.version"),
    "VirtualMachine": (
        *_TREE,
        "runtime.powerState",
        "runtime.host",
        "runtime.connectionState",
        "config.template",
    ),
}
_FACTS = {
    "runtime.connectionState": "connection",
    "runtime.inMaintenanceMode": "maintenance",
    "config.product.version": "version",
    "runtime.powerState": "power",
    "runtime.host": "host",
    "config.template": "template",
    "summary.type": "type",
    "summary.accessible": "accessible",
}
_TAGS = (f"{NS}objectSet", f"{NS}version", f"{NS}truncated")

Batch = tuple[InventoryChange, ...]


async def changes(session: Session) -> AsyncGenerator[Batch, None]:
    """Yields batches for ever: first the whole inventory, then what changes; none on a quiet line.

    A batch holds only the facts that changed. Raises Unreachable when the line or the session is lost:
    whoever watches connects anew and gets the whole inventory again.
    """
    collector = await session.invoke(session.content.propertyCollector, "CreatePropertyCollector")
    async with everything(session, _PATHS) as view:
        await session.invoke(
            collector, "CreateFilter", spec=over_view(session, view, _PATHS), partialUpdates=False
        )
        version = ""
        while True:
            version, batch = await _wait(session, collector, version)
            if batch:
                yield batch


async def _wait(session: Session, collector: Any, version: str) -> tuple[str, Batch]:
    options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=WAIT_S, maxObjectUpdates=_BATCH)
    call = session.soap.record(collector, "WaitForUpdatesEx", {"version": version, "options": options})

    seconds = WAIT_S + session.call_seconds

    async def attempt() -> tuple[str, Batch]:
        found: list[InventoryChange] = []
        reached = version
        async with aclosing(stream(session, call, seconds, _TAGS)) as elements:
            async for element in elements:
                if element.tag == _TAGS[0]:
                    found += _change(element)
                elif element.tag == _TAGS[1] and _is_set(element.getparent()):
                    reached = element.text or version
        return reached, tuple(found)

    return await session.repeating(call, attempt, session.about, seconds)


def _is_set(parent: etree._Element | None) -> bool:
    return parent is not None and parent.tag == f"{NS}returnval"


def _change(update: etree._Element) -> list[InventoryChange]:
    """An ObjectUpdate; `enter` is an upsert too: servers send whole objects again when they like."""
    on = child(update, "obj")
    kind = _KINDS.get("" if on is None else on.get("type") or "")
    if on is None or kind is None:
        return []
    id = on.text or ""
    if text(update, "kind") == "leave":
        return [InventoryChange(id=id, kind=kind, change="leave")]
    values = {text(part, "name"): child(part, "val") for part in children(update, "changeSet")}
    facts = {_FACTS[name]: text(value) for name, value in values.items() if name in _FACTS}
    return [
        InventoryChange(
            id=id,
            kind=kind,
            change="upsert",
            name=text(values.get("name")),
            parent=text(values.get("parent")),
            facts=facts,
        )
    ]
