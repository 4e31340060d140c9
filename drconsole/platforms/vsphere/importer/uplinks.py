"""Handlers of uplink remediation: read the machine's ports, plan, re-arrange, prove (R81–R84).

The host is reached alone, over its provisioning address. Before that address is given up, a second
VMkernel interface with the captured address is tried on the planned ports, and the management server
itself is asked whether it reaches the host there. Only then does one call move vmk0. So a plan that
does not work is rolled back over a path that still stands, and the next one is tried.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Any

import msgspec

from drconsole.errors import DeviceError, OutcomeUnknown, Unreachable
from drconsole.model.inventory import Host
from drconsole.model.step import Done, Facts, Work, step_key
from drconsole.planning import keys
from drconsole.planning.uplinks import Layout, Port, UplinkPlan, arrange
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer import host_layout
from drconsole.platforms.vsphere.importer.host_steps import management_nic
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, only_host, reference
from drconsole.platforms.vsphere.session import Session
from drconsole.wire.tls import pinned_context

_PORTS = (
    "config.network.pnic",
    "config.network.vswitch",
    "config.network.vnic",
    "hardware.systemInfo.uuid",
    "datastore",
    "config.storageDevice.scsiLun",
)


class ReadHost:
    """Reads a fresh host: its ports and their links, the port that booted, and what storage it sees."""

    def __init__(self, site: RecoveredSite) -> None:
        self.site = site

    async def observe(self, work: Work) -> Done | None:
        name = work.step.arguments["host"]
        session = await self.site.host(work, name)
        host = await only_host(session)
        found = await session.read(host, *_PORTS)
        ready = work.result(keys.ready(name))
        return Done(
            result={
                "ports": [_port(nic) for nic in found["config.network.pnic"]],
                "booted": _booted(found["config.network.vswitch"]),
                "uuid": found["hardware.systemInfo.uuid"],
                "thumbprint": await thumbprint(ready["address"], ready["port"], ready["pin"]),
                "foreign": _foreign(found.get("config.storageDevice.scsiLun") or []),
            }
        )

    async def act(self, work: Work) -> None:
        """Reading changes nothing: there is only the observation."""


def _port(nic: Any) -> Facts:
    speed = nic.linkSpeed.speedMb if nic.linkSpeed else 0
    return {
        "name": nic.device,
        "mac": nic.mac.lower(),
        "link": nic.linkSpeed is not None,
        "speed": speed,
        "driver": nic.driver or "",
        "pci": nic.pci,
    }


def _booted(switches: list[Any]) -> str:
    """Returns the port that the installer left management on: the one that booted the machine."""
    for switch in switches:
        bridge = switch.spec.bridge
        if bridge is not None and bridge.nicDevice:
            return str(bridge.nicDevice[0])
    return ""


def _foreign(luns: list[Any]) -> list[str]:
    """Returns the shared volumes that a host sees: before the barrier there must be none (R64)."""
    return [lun.canonicalName for lun in luns if lun.canonicalName.startswith("naa.") and not _is_local(lun)]


def _is_local(lun: Any) -> bool:
    return bool(getattr(lun, "localDisk", False))


async def thumbprint(address: str, port: int, pin: str) -> str:
    """Returns the SHA-1 thumbprint that the vSphere API wants, of the certificate that was pinned."""
    # The API knows hosts by SHA-1; trust comes from the pin, which the context has compared before.
    _reader, writer = await asyncio.open_connection(
        address, port, ssl=pinned_context(pin, f"{address}:{port}"), server_hostname=""
    )
    try:
        secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
        digest = hashlib.sha1(secured.getpeercert(True) or b"", usedforsecurity=False).hexdigest()
    finally:
        writer.close()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2)).upper()


class PlanUplinks:
    """Decides which port takes the place of which captured NIC; pure, and journalled with its reasons."""

    async def observe(self, work: Work) -> Done | None:
        layout = msgspec.convert(work.step.arguments["layout"], Layout)
        captured = msgspec.convert(work.step.arguments["host"], Host)
        read = work.result(step_key("uplinks", captured.name, "read"))
        plan = arrange(layout, ports_of(read))
        work.say(_told(plan), uplinks=_shown(captured, read, plan))
        return Done(result={"nics": plan.moves, "unconnected": plan.unconnected, "why": plan.why})

    async def act(self, work: Work) -> None:
        """A decision changes nothing: there is only the observation."""


def _told(plan: UplinkPlan) -> str:
    told = [*plan.why.values(), *(f"{role} stays without a link" for role in plan.unconnected)]
    return "; ".join(told) or "every port is as captured"


def ports_of(read: Facts) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=port["name"],
            link=port["link"],
            speed_mbit=port["speed"],
            booted=port["name"] == read["booted"],
        )
        for port in read["ports"]
    )


def _shown(captured: Host, read: Facts, plan: UplinkPlan) -> Facts:
    """Returns what the console's uplinks view shows: as captured, on the target now, planned."""
    return {
        "host": captured.name,
        "captured": [{"switch": s.name, "nics": list(s.nics)} for s in captured.virtual_switches],
        "now": read["ports"],
        "planned": plan.moves,
        "why": plan.why,
        "unconnected": list(plan.unconnected),
    }


class ApplyUplinks:
    """Re-arranges the ports and moves the management address, or rolls back."""

    def __init__(self, site: RecoveredSite) -> None:
        self.site = site

    async def observe(self, work: Work) -> Done | None:
        reached = await reaches(self.site, work, self._host(work))
        return Done(result={"nics": self._nics(work)}) if reached else None

    async def act(self, work: Work) -> None:
        captured, nics = self._host(work), self._nics(work)
        session = await self.site.host(work, captured.name)
        host = await only_host(session)
        system = reference("HostNetworkSystem", (await _network_system(session, host))._moId)
        layout = host_layout.Layout(
            host=captured,
            nics=nics,
            vlan=work.step.arguments["vlan"],
            booted=work.result(step_key("uplinks", captured.name, "read"))["booted"],
        )
        info = (await session.read(system, "networkInfo"))["networkInfo"]
        await work.check()
        work.progress("trying the planned ports")
        await _change(session, system, host_layout.trial(layout, info))
        if not await self._proved(work, captured):
            await _change(session, system, host_layout.trial_undone(layout, info))
            raise DeviceError(
                "the management server does not reach the host on the planned ports; rolled back",
                about=captured.name,
                remedy="check the ports' VLAN at the switch, then retry; or replace the target",
            )
        await work.check()
        info = (await session.read(system, "networkInfo"))["networkInfo"]
        work.progress("moving the management address")
        try:
            await _change(session, system, host_layout.final(layout, info))
        except (OutcomeUnknown, Unreachable):
            # The call moves the address that carries it: its answer may never arrive.
            work.say("the host has left its provisioning address")
        await self.site.forget(captured.name)

    async def _proved(self, work: Work, captured: Host) -> bool:
        for _attempt in range(5):
            if await reaches(self.site, work, captured):
                return True
            await asyncio.sleep(1)
        return False

    def _host(self, work: Work) -> Host:
        return msgspec.convert(work.step.arguments["host"], Host)

    def _nics(self, work: Work) -> dict[str, str]:
        planned = work.result(step_key("uplinks", self._host(work).name, "plan"))
        return msgspec.convert(planned["nics"], dict[str, str])


async def _network_system(session: Session, host: Any) -> Any:
    return (await session.read(host, "configManager.networkSystem"))["configManager.networkSystem"]


async def _change(session: Session, system: Any, config: Any) -> None:
    await session.invoke(
        system, "UpdateNetworkConfig", config=config, changeMode="modify", _about=session.about
    )


async def reaches(site: RecoveredSite, work: Work, captured: Host) -> bool:
    """True where the management server reaches this very host at its captured management address."""
    read = work.result(step_key("uplinks", captured.name, "read"))
    try:
        info = await connection_info(site, work, management_nic(captured).ip, read["thumbprint"])
    except Fault:
        return False
    return _same_machine(info, read["uuid"])


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


class ProveUplinks:
    """Proves, from the management server's side, that the host answers at its captured address."""

    def __init__(self, site: RecoveredSite) -> None:
        self.site = site

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
