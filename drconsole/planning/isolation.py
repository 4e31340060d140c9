"""Which networks a run attaches to, and whether that is where they belong: drills are isolated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Finding
from drconsole.model.site import NetworkMapping, Provisioning, SitePlan
from drconsole.model.step import Mode
from drconsole.planning.placement import deployed_hosts
from drconsole.planning.selection import chosen


def networks_needed(
    snapshot: Snapshot, site: SitePlan, mapping: HostMapping, selection: VmSelection
) -> dict[str, int | None]:
    """Returns the networks that a run would attach to: name → VLAN at the protected site, None for a trunk.

    These are all port groups of the deployed hosts, the distributed ones that selected guests, VMkernel
    interfaces or the management server use, and the networks of deployed physical servers.
    """
    hosts = [host for host in snapshot.hosts if host.id in deployed_hosts(mapping)]
    needed: dict[str, int | None] = {g.name: g.vlan for host in hosts for g in host.port_groups}
    used = {nic.distributed_port_group for host in hosts for nic in host.virtual_nics}
    wanted = chosen(selection)
    for guest in snapshot.virtual_machines:
        if guest.id in wanted:
            used.update(interface.network for interface in guest.network_interfaces)
    names = {network.id: network.name for network in snapshot.networks}
    if mapping.management_server and snapshot.management_server:
        used.update(interface.network for interface in snapshot.management_server.interfaces)
    needed |= {g.name: g.vlan for g in snapshot.distributed_port_groups if g.id in used}
    physical = {role.protected for role in mapping.physical_servers if role.deploy}
    attached = {s.network for s in site.physical_servers if s.name in physical and s.network}
    captured = {g.name: g.vlan for host in snapshot.hosts for g in host.port_groups}
    captured |= {g.name: g.vlan for g in snapshot.distributed_port_groups if g.vlan is not None}
    for name in (*(names[n] for n in used if n in names), *attached):
        needed.setdefault(name, captured.get(name))
    return dict(sorted(needed.items()))


def network_findings(
    mode: Mode, site: SitePlan, snapshot: Snapshot, mapping: HostMapping, selection: VmSelection
) -> Iterator[Finding]:
    """Yields what is wrong with the networks of a run. All of it blocks: in a drill it would leak into
    production, in a real run the guests would talk to nobody."""
    needed = networks_needed(snapshot, site, mapping, selection)
    real = _real_vlans(site, needed)
    for name in needed:
        place = site.network(name)
        if mode == "drill":
            yield from _drill_findings(name, place, real)
        elif place is None or place.real is None:
            yield Finding(
                subject=name,
                text="is not mapped for a real run",
                blocks=True,
                remedy=f"add real to [[site.{site.name}.network]] of {name}",
            )


def reach_findings(
    mode: Mode, network: Provisioning, snapshot: Snapshot, endpoint: str = ""
) -> Iterator[Finding]:
    """Yields the protected machines that a drill's management server would have beside it.

    Its extra interface (R61) lies on the provisioning network: a protected host or management server
    with an address there could be taken over by the drill. `endpoint` is HOST:PORT at which the
    protected management server is reached; a name instead of an address cannot be judged here.
    """
    if mode != "drill":
        return
    beside = IPv4Network(f"{network.first}/{network.netmask}", strict=False)
    for name, address in (*_protected_addresses(snapshot), *_endpoint_address(endpoint)):
        if address in beside:
            yield Finding(
                subject=name,
                text=f"its address {address} is on the provisioning network: a drill could reach it",
                blocks=True,
                remedy="give [provisioning] a subnet that the protected site does not use",
            )


def _protected_addresses(snapshot: Snapshot) -> Iterator[tuple[str, IPv4Address | IPv6Address]]:
    for host in snapshot.hosts:
        yield from ((host.name, ip_address(nic.ip)) for nic in host.virtual_nics if nic.ip)
    server = snapshot.management_server
    if server is not None:
        found = (address.ip for interface in server.interfaces for address in interface.addresses)
        yield from ((server.name, ip_address(ip)) for ip in found if ip)


def _endpoint_address(endpoint: str) -> Iterator[tuple[str, IPv4Address | IPv6Address]]:
    host = endpoint.rpartition(":")[0].strip("[]")
    with contextlib.suppress(ValueError):
        yield endpoint, ip_address(host)


def _real_vlans(site: SitePlan, needed: dict[str, int | None]) -> dict[int, str]:
    """Returns VLAN → the network that production has there: as mapped, else as captured."""
    production: dict[int, str] = {}
    for network in site.networks:
        if network.real is not None:
            production[network.real.vlan] = network.name
    for name, vlan in needed.items():
        mapped = site.network(name)
        if vlan is not None and (mapped is None or mapped.real is None):
            production.setdefault(vlan, name)
    return production


def _drill_findings(name: str, place: NetworkMapping | None, real: dict[int, str]) -> Iterator[Finding]:
    if place is None or place.drill is None:
        yield Finding(
            subject=name,
            text="is not mapped for a drill",
            blocks=True,
            remedy="map it to an isolated VLAN with drill in its [[site.NAME.network]]",
        )
    elif place.drill.vlan in real:
        yield Finding(
            subject=name,
            text=f"its drill VLAN {place.drill.vlan} is the real one of {real[place.drill.vlan]}",
            blocks=True,
            remedy="give the drill a VLAN that nothing else uses",
        )
