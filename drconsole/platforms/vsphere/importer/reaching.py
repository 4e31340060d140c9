"""Whether the management server reaches a host: asked of it, for it is what has to (R84)."""

from __future__ import annotations

import asyncio
from typing import Any

from drconsole.errors import DeviceError
from drconsole.model.inventory import Host
from drconsole.model.step import Done, Work, step_key
from drconsole.planning import keys
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.host_steps import management_nic
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, SiteHandler, reference
from drconsole.wire.connecting import connected

_PROBE_S = 5.0
"""How long a fresh host's provisioning address may take to accept a connection."""


async def reaches(site: RecoveredSite, work: Work, captured: Host) -> bool:
    """True where the management server reaches this very host at its captured management address."""
    read = work.result(step_key("uplinks", captured.name, "read"))
    try:
        info = await connection_info(site, work, management_nic(captured).ip, read["thumbprint"])
    except Fault:
        return False
    return _same_machine(info, read["uuid"])


async def still_fresh(work: Work, captured: Host) -> bool:
    """True where the host still answers at its provisioning address: nothing has moved yet."""
    ready = work.result(keys.ready(captured.name))
    try:
        _reader, writer = await connected(ready["address"], ready["port"], within_s=_PROBE_S)
    except OSError:  # TimeoutError is one
        return False
    writer.transport.abort()
    return True


async def connection_info(site: RecoveredSite, work: Work, address: str, thumb: str) -> Any:
    """Asks the management server to look at a host. Raises Fault where it does not reach it."""
    session = await site.server(work)
    datacenters = work.result(keys.MANAGEMENT_DATACENTERS)["moids"].values()
    datacenter = next(moid for moid in datacenters if moid.startswith("datacenter"))
    return await session.invoke(
        reference("Datacenter", datacenter),
        "QueryConnectionInfo",
        hostname=address,
        port=site.provisioning.network.https_port,
        username="root",
        password=site.root_password(),
        sslThumbprint=thumb,
        _about=address,
    )


def _same_machine(info: Any, uuid: str) -> bool:
    hardware = info.host.hardware
    return hardware is None or hardware.uuid.lower() == uuid.lower()


class ProveUplinks(SiteHandler):
    """Proves, from the management server's side, that the host answers at its captured address."""

    async def observe(self, work: Work) -> Done | None:
        name, address = work.step.arguments["host"], work.step.arguments["address"]
        read = work.result(step_key("uplinks", name, "read"))
        try:
            info = await connection_info(self.site, work, address, read["thumbprint"])
        except Fault as fault:
            work.progress(f"not reached yet: {fault.code}")
            return None
        if not _same_machine(info, read["uuid"]):
            raise DeviceError("another machine answers at the captured address", about=name)
        nics = work.result(step_key("uplinks", name, "apply"))["nics"]
        work.say("the management server reaches the host", uplinks={"host": name, "applied": nics})
        return Done(
            result={
                "address": address,
                "port": self.site.provisioning.network.https_port,
                "thumbprint": read["thumbprint"],
                "nics": nics,
            }
        )

    async def act(self, work: Work) -> None:
        """Waits a little: the address has just moved, and the network learns it."""
        await asyncio.sleep(1)
