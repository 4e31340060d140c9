"""The answers of a management server's install: vcsa-deploy's keys, and the interface that the
original lacked (R58, R60–R63)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from drconsole.errors import Refused
from drconsole.model.inventory import ManagementInterface, ManagementServer
from drconsole.model.site import NetworkPlace
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.jobs import Job

DOMAIN = "vsphere.local"
"""The single sign-on domain of recovered management servers."""

ADMINISTRATOR = f"administrator@{DOMAIN}"

_SIZES = ((10, 100, "tiny"), (100, 1000, "small"), (400, 4000, "medium"), (1000, 10000, "large"))


def answers(plan: PlanInput, job: Job, *, boot_mac: str, password: str) -> dict[str, Any]:
    """Returns answers.json as values. It holds the password, as vcsa-deploy wants it.

    The captured interfaces keep their addresses, on the VLANs that this mode maps their networks to; the
    extra one is on the NIC that booted, without a second gateway. Raises Refused where a captured
    interface lies on a network that is not mapped.
    """
    server = plan.snapshot.management_server
    if server is None:
        raise Refused("the snapshot holds no management server", about=job.name)
    first, *more = _networks(plan, server, other_nic(job, boot_mac))
    return {
        "__version": "2.13.0",
        "new_vcsa": {
            "appliance": {"name": server.name, "deployment_option": _size(plan)},
            "network": {
                **first,
                "ip_family": "ipv4",
                "mode": "static",
                "system_name": server.hostname or server.name,
            },
            "os": {"password": password, "ssh_enable": False, "ntp_servers": _clocks(plan)},
            "sso": {"password": password, "domain_name": DOMAIN},
            "extra_network": {"mac": boot_mac, "ip": job.address, "prefix": _prefix(plan)},
            "instance_uuid": server.instance_uuid,
            "version": server.version,
            "install_disk": job.disk,
            **({"more_networks": [_plain(network) for network in more]} if more else {}),
        },
        "ceip": {"settings": {"ceip_enabled": False}},
    }


def _networks(plan: PlanInput, server: ManagementServer, mac: str) -> list[dict[str, Any]]:
    found = [_network(plan, server, interface, mac) for interface in server.interfaces if interface.addresses]
    if not found:
        raise Refused("no captured interface has an address", about=server.name)
    return found


def _network(
    plan: PlanInput, server: ManagementServer, interface: ManagementInterface, mac: str
) -> dict[str, Any]:
    place = _place(plan, server, interface)
    address = interface.addresses[0]
    return {
        "mac": mac,
        "vlan": place.vlan,
        "ip": address.ip,
        "prefix": address.prefix,
        "gateway": place.gateway or interface.gateway,
        "dns_servers": list(place.dns or server.dns_servers),
    }


def _plain(network: dict[str, Any]) -> dict[str, Any]:
    return {key: network[key] for key in ("mac", "vlan", "ip", "prefix")}


def _place(plan: PlanInput, server: ManagementServer, interface: ManagementInterface) -> NetworkPlace:
    """Where the interface's network lies in this mode. A drill never falls back to the real VLAN."""
    name = _network_name(plan, server, interface)
    mapped = plan.site.network(name)
    place = mapped and (mapped.drill if plan.mode == "drill" else mapped.real)
    if not place:
        raise Refused(
            f"its network {name or '(unknown)'} is mapped to none for a {plan.mode} run",
            about=f"{server.name} {interface.name}",
            remedy="add it as [[site.NAME.network]]",
        )
    return place


def _network_name(plan: PlanInput, server: ManagementServer, interface: ManagementInterface) -> str:
    """An appliance often tells no network of its own; the guest that it runs as does."""
    wanted = interface.network or _guest_network(plan, server, interface)
    networks = (*plan.snapshot.networks, *plan.snapshot.distributed_port_groups)
    return next((network.name for network in networks if network.id == wanted), "")


def _guest_network(plan: PlanInput, server: ManagementServer, interface: ManagementInterface) -> str:
    guest = next((g for g in plan.snapshot.virtual_machines if g.id == server.guest), None)
    nics = guest.network_interfaces if guest else ()
    same = [nic for nic in nics if nic.mac and nic.mac == interface.mac]
    return next((nic.network for nic in (*same, *nics)), "")


def other_nic(job: Job, boot_mac: str) -> str:
    """Returns the MAC of a NIC for the captured networks: one of its own, where another one has link."""
    return next((mac for mac in (job.second_mac, job.mac) if mac != boot_mac), boot_mac)


def _size(plan: PlanInput) -> str:
    hosts, guests = len(plan.snapshot.hosts), len(plan.snapshot.virtual_machines)
    return next((name for h, g, name in _SIZES if hosts <= h and guests <= g), "xlarge")


def _clocks(plan: PlanInput) -> list[str]:
    return list(next((host.ntp_servers for host in plan.snapshot.hosts if host.ntp_servers), ()))


def _prefix(plan: PlanInput) -> int:
    return IPv4Network(f"0.0.0.0/{plan.provisioning.netmask}").prefixlen
