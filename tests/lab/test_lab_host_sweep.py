"""Every property of a host's objects is there and fits its declared type, and only declared faults
are raised: what clients of a real host rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drconsole.lab.doors.vim25.encode import writer
from drconsole.lab.world.vim.objects import Endpoint
from drconsole.lab.world.vim.registry import OPTIONAL, is_data, properties
from tests.lab.esxi_world import install, recovery_world, site


def _gaps(where: str, value: Any) -> Iterator[str]:
    """Yields required properties that are unset, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _gaps(f"{where}[{index}]", item)
    elif is_data(value):
        for name, info in properties(type(value)).items():
            inner = getattr(value, name)
            if inner is None and not info.flags & OPTIONAL:
                yield f"{where}.{name} of {type(value).__name__}"
            elif inner is not None:
                yield from _gaps(f"{where}.{name}", inner)


def _endpoint_gaps(endpoint: Endpoint) -> list[str]:
    found: list[str] = []
    for item in tuple(endpoint.objects.values()):
        if ".esxi." not in type(item).__module__:
            continue  # the rest of a vCenter has a sweep of its own
        for name, info in item.infos().items():
            value = item.value(name)
            where = f"{item.wsdl}.{name}"
            if value is None:
                found += [] if info.flags & OPTIONAL else [where]
                continue
            found += _gaps(where, value)
            assert writer(endpoint.version).typed("val", info.type, value)
    return found


async def test_no_required_property_of_a_host_is_unset() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", "127.64.4.21")
    view = await recovered.add(host)
    host.storage.local = None
    volume = world.arrays["r1"].volumes["vol1-replica"]
    volume.initiators = list(host.machine.hardware.wwpns)
    volume.writable = True
    host.storage.rescan()
    host.storage.force_mount(volume)
    host.changed("datastore", "config")
    assert view.value("datastore")
    assert host.endpoint is not None
    assert _endpoint_gaps(recovered.vcenter) == []
    assert _endpoint_gaps(host.endpoint) == []


async def test_references_that_clients_follow_at_once_are_there() -> None:
    world = recovery_world()
    host = install(world, "E", "127.64.4.21")
    assert host.endpoint is not None
    content = host.endpoint.content
    assert content.about.apiType == "HostAgent"
    for name in ("rootFolder", "propertyCollector", "viewManager", "sessionManager", "searchIndex"):
        assert host.endpoint.at(getattr(content, name)) is not None
    managers = host.endpoint.host.value("configManager")
    for name in ("networkSystem", "storageSystem", "firewallSystem", "vmotionSystem", "certificateManager"):
        assert host.endpoint.at(getattr(managers, name)) is not None
