"""The management server itself: its product, and its interfaces where it is a guest of its own site."""

from __future__ import annotations

from typing import Any

import msgspec

from drconsole.model.inventory import Address, ManagementInterface, ManagementServer, VirtualMachine
from drconsole.platforms.contract import Progress
from drconsole.platforms.vsphere.collect import Found, over_objects, retrieve
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.leaves import Val, children, items, number, text, texts
from drconsole.platforms.vsphere.session import Session

_FQDN, _IP = "VirtualCenter.FQDN", "VirtualCenter.ManagedIP"
_ID = "managementServer"


class Told(msgspec.Struct, frozen=True):
    """What the tools of the management server's own guest report, by NIC key."""

    addresses: dict[int, tuple[Address, ...]] = {}
    gateways: dict[int, str] = {}
    dns_servers: tuple[str, ...] = ()


async def management_server(
    session: Session, guests: tuple[VirtualMachine, ...], progress: Progress
) -> ManagementServer:
    """Returns the management server, with what its own guest says where it is one of these guests."""
    about = session.content.about
    hostname, ip = await _option(session, _FQDN), await _option(session, _IP)
    own = own_guest(guests, hostname, ip)
    told = await _told(session, own) if own else Told()
    if own is None:
        progress(f"the management server {hostname or session.about} is no guest of its own site")
    return ManagementServer(
        id=_ID,
        name=own.name if own else hostname or session.address.rpartition(":")[0],
        product=about.name,
        version=about.version,
        build=about.build or "",
        api_version=about.apiVersion,
        instance_uuid=(about.instanceUuid or "").lower(),
        hostname=hostname,
        guest=own.id if own else "",
        cpus=own.cpus if own else 0,
        memory_mib=own.memory_mib if own else 0,
        storage_gib=sum(disk.capacity_kib for disk in own.disks) >> 20 if own else 0,
        dns_servers=told.dns_servers,
        interfaces=_interfaces(own, told) if own else _only(ip),
    )


def own_guest(guests: tuple[VirtualMachine, ...], hostname: str, ip: str) -> VirtualMachine | None:
    """Returns the one guest that has the management server's address and name, or one of the two."""
    if not hostname and not ip:
        return None
    fits = [(_fit(guest, hostname, ip), guest) for guest in guests if not guest.template]
    best = max((fit for fit, _ in fits), default=0)
    found = [guest for fit, guest in fits if fit == best]
    return found[0] if best and len(found) == 1 else None


def _fit(guest: VirtualMachine, hostname: str, ip: str) -> int:
    addressed = any(ip in nic.addresses for nic in guest.network_interfaces) if ip else False
    called = bool(hostname) and guest.hostname.lower() == hostname.lower()
    return 2 * addressed + called


async def _option(session: Session, name: str) -> str:
    """An advanced setting's value; a server that does not know it has none."""
    try:
        found = await session.invoke(session.content.setting, "QueryOptions", name=name)
    except Fault as fault:
        if fault.code != "InvalidName":
            raise
        return ""
    return str(found[0].value or "") if found else ""


async def _told(session: Session, own: VirtualMachine) -> Told:
    seen: list[Told] = []

    def sink(found: Found) -> None:
        seen.append(_read(found.props.get("guest.net"), found.props.get("guest.ipStack")))

    paths = {"VirtualMachine": ("guest.net", "guest.ipStack")}
    await retrieve(session, over_objects([("VirtualMachine", own.id)], paths), sink)
    return seen[-1] if seen else Told()


def _read(nics: Val | None, stacks: Val | None) -> Told:
    addresses = {number(nic, "deviceConfigId", default=-1): _addresses(nic) for nic in items(nics)}
    keys = list(addresses)
    gateways: dict[int, str] = {}
    servers: list[str] = []
    for stack in items(stacks):
        for dns in children(stack, "dnsConfig"):
            servers += texts(dns, "ipAddress")
        for routes in children(stack, "ipRouteConfig"):
            for route in children(routes, "ipRoute"):
                index = number(route, "gateway", "device")
                if number(route, "prefixLength", default=-1) == 0 and index < len(keys):
                    gateways.setdefault(keys[index], text(route, "gateway", "ipAddress"))
    return Told(addresses=addresses, gateways=gateways, dns_servers=tuple(dict.fromkeys(servers)))


def _addresses(nic: Val) -> tuple[Address, ...]:
    """Link-local addresses make themselves: they are not configuration."""
    return tuple(
        Address(ip=text(address, "ipAddress"), prefix=number(address, "prefixLength"))
        for config in children(nic, "ipConfig")
        for address in children(config, "ipAddress")
        if not text(address, "ipAddress").lower().startswith("fe80:")
    )


def _interfaces(own: VirtualMachine, told: Told) -> tuple[ManagementInterface, ...]:
    return tuple(
        ManagementInterface(
            name=f"nic{index}",
            mac=nic.mac,
            network=nic.network,
            gateway=told.gateways.get(nic.key, ""),
            addresses=told.addresses.get(nic.key, ()),
        )
        for index, nic in enumerate(own.network_interfaces)
    )


def _only(ip: str) -> tuple[ManagementInterface, ...]:
    """The one address that a server outside its own inventory tells; its prefix stays unknown (0)."""
    return (ManagementInterface(name="nic0", addresses=(Address(ip=ip, prefix=0),)),) if ip else ()


def without(server: ManagementServer, blank: frozenset[str]) -> ManagementServer:
    """Returns the server without the fields that a profile leaves out."""
    defaults: dict[str, Any] = {f.name: f.default for f in msgspec.structs.fields(ManagementServer)}
    return msgspec.structs.replace(server, **{name: defaults[name] for name in blank})
