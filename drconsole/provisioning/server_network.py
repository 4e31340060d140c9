"""A physical server's own network: a second interface beside the provisioning one (R48, R49).

The server keeps its captured address, on the VLAN that this mode maps its network to. It is installed and
reached over its provisioning address all the same.
"""

from __future__ import annotations

import msgspec

from drconsole.errors import Refused
from drconsole.model.inventory import PhysicalServer
from drconsole.model.site import NetworkPlace
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.appliance import other_nic
from drconsole.provisioning.jobs import Job


class ServerNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """What the kickstart says of it. `mac` is the NIC's; `vlan` 0 is untagged; "" for no gateway."""

    mac: str
    vlan: int
    ip: str
    netmask: str
    gateway: str


def server_network(plan: PlanInput, job: Job, boot_mac: str) -> ServerNetwork | None:
    """Returns the network of a job's physical server, None where the configuration gives it no address.

    Raises Refused where the address has no netmask, or its network is mapped to none for this mode (a
    drill never falls back to the real one), or it is untagged and no NIC is left for it beside the one
    that boots.
    """
    server = next((s for s in plan.site.physical_servers if s.name == job.protected), None)
    if server is None or not server.ip:
        return None
    place = _place(plan, server)
    nic = other_nic(job, boot_mac)
    if not place.vlan and nic == boot_mac:
        raise Refused(
            f"its network {server.network} is untagged, and {job.target} has link on one NIC alone",
            about=server.name,
            remedy="give the network a VLAN, or the server another target",
        )
    return ServerNetwork(
        mac=nic,
        vlan=place.vlan,
        ip=server.ip,
        netmask=server.netmask,
        gateway=place.gateway or server.gateway,
    )


def _place(plan: PlanInput, server: PhysicalServer) -> NetworkPlace:
    mapped = plan.site.network(server.network)
    place = mapped and (mapped.drill if plan.mode == "drill" else mapped.real)
    if not place:
        raise Refused(
            f"its network {server.network or '(none)'} is mapped to none in this mode",
            about=server.name,
            remedy="map it with a [[site.NAME.network]]",
        )
    if not server.netmask:
        raise Refused(
            f"has the address {server.ip} and no netmask",
            about=server.name,
            remedy="complete its [[site.NAME.physical]]",
        )
    return place
