"""Physical servers as they came back: what each said of itself over SSH, in the words of a snapshot.

A capture of a site takes physical servers from the configuration, on both sides alike. So the recovered
snapshot's are replaced by observed ones before they are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

import msgspec

from drconsole.model.inventory import PhysicalServer, Snapshot
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput


def with_observed(plan: PlanInput, recovered: Snapshot, ready: Mapping[str, Facts]) -> Snapshot:
    """Returns the recovered snapshot with the servers that this run observed, and no others.

    `ready` are the results of provisioning's steps by key.
    """
    return msgspec.structs.replace(recovered, physical_servers=tuple(_observed(plan, ready)))


def _observed(plan: PlanInput, ready: Mapping[str, Facts]) -> Iterator[PhysicalServer]:
    for captured in plan.snapshot.physical_servers:
        told = ready.get(keys.ready(captured.name), {}).get("observed")
        if told:
            yield _server(plan, captured, told)


def _server(plan: PlanInput, captured: PhysicalServer, told: Facts) -> PhysicalServer:
    """What was not captured says nothing on this side either; `guests` are the operator's own word."""
    own = _own_interface(captured, told)
    seen = {
        "operating_system": _system(captured.operating_system, told),
        "version": str(told["os_version"]),
        "hostname": str(told["hostname"]),
        "cpu_cores": told["cpu_cores"],
        "memory_mib": told["memory_mib"],
        "disk_gib": told["disk_gib"],
        "nics": told["nics"],
        "network": _network(plan, captured, own),
        "ip": str(own.get("ip", "")),
        "netmask": str(IPv4Network(f"0.0.0.0/{own['prefix']}").netmask) if own else "",
        "gateway": str(told["gateway"]),
    }
    kept = {name: value for name, value in seen.items() if getattr(captured, name)}
    return PhysicalServer(id=captured.id, name=captured.name, guests=captured.guests, **kept)


def _own_interface(captured: PhysicalServer, told: Facts) -> Facts:
    """The interface with the captured address; else the one that is not the installer's own."""
    interfaces: list[Facts] = told["interfaces"]
    same = [interface for interface in interfaces if interface["ip"] == captured.ip]
    return next((interface for interface in (*same, *interfaces[1:])), {})


def _system(captured: str, told: Facts) -> str:
    """An operator writes `RHEL`, `rhel` or `Red Hat Enterprise Linux`: os-release has an id and a name."""
    names = {str(told["os_id"]).casefold(), str(told["os_name"]).casefold()}
    return captured if captured.casefold() in names else str(told["os_id"])


def _network(plan: PlanInput, captured: PhysicalServer, own: Facts) -> str:
    """The captured network where the interface lies on the VLAN that this mode maps it to."""
    mapped = plan.site.network(captured.network)
    place = mapped and (mapped.drill if plan.mode == "drill" else mapped.real)
    if place and own and own["vlan"] == place.vlan:
        return captured.network
    return f"VLAN {own['vlan']}" if own else ""
