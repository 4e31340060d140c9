"""Ports of a distributed switch, and who is plugged into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.new import new

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.dvportgroup import DistributedPortgroup
    from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch


def ports(switch: DistributedSwitch, criteria: Any) -> list[Any]:
    """Returns the DistributedVirtualPort values that a criteria (None: all) lets through."""
    return [port for group in switch.groups for port in _of_group(switch, group) if _wanted(port, criteria)]


def _of_group(switch: DistributedSwitch, group: DistributedPortgroup) -> Iterator[Any]:
    taken = _uplinks(switch) if group.uplink else _plugged(group)
    for key in group.ports:
        name, host, connectee = taken.get(key, ("", None, None))
        yield new(
            "DistributedVirtualPort",
            key=key,
            config=new("DVPortConfigInfo", name=name or None, setting=group.setting, configVersion="0"),
            dvsUuid=switch.switch_uuid,
            portgroupKey=group.moid,
            proxyHost=host,
            connectee=connectee,
            conflict=False,
            lastStatusChange=switch.created,
        )


def _uplinks(switch: DistributedSwitch) -> dict[str, tuple[str, Any, Any]]:
    found: dict[str, tuple[str, Any, Any]] = {}
    for host in switch.members.values():
        proxy = switch.proxy(host)
        for name, key in proxy.port_keys.items() if proxy is not None else ():
            nic = proxy.nics.get(name) if proxy is not None else None
            connectee = _connectee(host.ref(), nic, "pnic") if nic else None
            found[key] = (name, host.ref(), connectee)
    return found


def _plugged(group: DistributedPortgroup) -> dict[str, tuple[str, Any, Any]]:
    found: dict[str, tuple[str, Any, Any]] = {}
    waiting: list[tuple[str, Any, Any]] = []
    for host, vmk in group.vmks():
        entry = ("", host.ref(), _connectee(host.ref(), vmk.device, "hostConsoleVnic"))
        if vmk.distributed is not None and vmk.distributed.port:
            found[vmk.distributed.port] = entry
        else:
            waiting.append(entry)
    for guest in group.value("vm"):
        for key, port in _guest_nics(group, guest):
            entry = ("", None, _connectee(guest, str(key), "vmVnic"))
            if port:
                found[port] = entry
            else:
                waiting.append(entry)
    free = (key for key in group.ports if key not in found)
    return found | dict(zip(free, waiting, strict=False))


def _guest_nics(group: DistributedPortgroup, guest: Any) -> Iterator[tuple[int, str]]:
    for device in group.endpoint.at(guest).get("config.hardware.device") or ():
        port = getattr(getattr(device, "backing", None), "port", None)
        if port is not None and port.portgroupKey == group.moid:
            yield int(device.key), str(port.portKey or "")


def _connectee(entity: Any, nic: str, kind: str) -> Any:
    return new("DistributedVirtualSwitchPortConnectee", connectedEntity=entity, nicKey=nic, type=kind)


def _wanted(port: Any, criteria: Any) -> bool:
    if criteria is None:
        return True
    uplink = port.config.name is not None
    hosts = [host._moId for host in criteria.host]
    inside = criteria.inside is not False
    checks = (
        criteria.connected is None or criteria.connected == (port.connectee is not None),
        criteria.uplinkPort is None or criteria.uplinkPort == uplink,
        not criteria.portgroupKey or (port.portgroupKey in criteria.portgroupKey) == inside,
        not criteria.portKey or port.key in criteria.portKey,
        not hosts or (port.proxyHost is not None and port.proxyHost._moId in hosts),
    )
    return all(checks)
