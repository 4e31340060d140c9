"""A fresh host's ports: read, and given the places of the captured NICs (R82, R83)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from drconsole.model.inventory import Host
from drconsole.model.step import Done, Facts, Work, step_key
from drconsole.planning import keys
from drconsole.planning.trials import ports_of, told
from drconsole.planning.uplinks import Layout, UplinkPlan, arrange
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, only_host
from drconsole.wire.tls import pinned_certificate

_PATHS = (
    "config.network.pnic",
    "config.network.vswitch",
    "hardware.systemInfo.uuid",
    "config.storageDevice.scsiLun",
)


class ReadHost(SiteHandler):
    """Reads a fresh host: its ports and their links, the port that booted, and what storage it sees."""

    async def observe(self, work: Work) -> Done | None:
        name = work.step.arguments["host"]
        session = await self.site.host(work, name)
        found = await session.read(await only_host(session), *_PATHS)
        ready = work.result(keys.ready(name))
        within_s = self.site.settings.deadlines["vcenter-call"]
        return Done(
            result={
                "ports": [port_facts(nic) for nic in found["config.network.pnic"]],
                "booted": _booted(found["config.network.vswitch"]),
                "uuid": found["hardware.systemInfo.uuid"],
                "thumbprint": await thumbprint(ready["address"], ready["port"], ready["pin"], within_s),
                "foreign": _foreign(found.get("config.storageDevice.scsiLun") or []),
            }
        )

    async def act(self, work: Work) -> None:
        """Reading changes nothing: there is only the observation."""


def port_facts(nic: Any) -> Facts:
    """Returns a physical NIC's facts. One without a link speed has no link, whatever its spec says."""
    return {
        "name": nic.device,
        "mac": nic.mac.lower(),
        "link": nic.linkSpeed is not None,
        "speed": nic.linkSpeed.speedMb if nic.linkSpeed else 0,
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


async def thumbprint(address: str, port: int, pin: str, within_s: float) -> str:
    """Returns the SHA-1 thumbprint that the vSphere API wants, of the certificate that was pinned.

    Raises PinMismatch for another certificate, Unreachable where nobody answers, DeadlinePassed.
    """
    # The API knows hosts by SHA-1; trust comes from the pin, which the context has compared before.
    shown = await pinned_certificate(address, port, pin, within_s)
    digest = hashlib.sha1(shown, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2)).upper()


class PlanUplinks(SiteHandler):
    """Decides which port takes the place of which captured NIC; pure, and journalled with its reasons."""

    async def observe(self, work: Work) -> Done | None:
        layout = msgspec.convert(work.step.arguments["layout"], Layout)
        captured = msgspec.convert(work.step.arguments["host"], Host)
        read = work.result(step_key("uplinks", captured.name, "read"))
        plan = arrange(layout, ports_of(read["ports"], read["booted"]))
        work.say(told(plan), uplinks=_shown(captured, read, plan))
        return Done(
            result={
                "nics": plan.moves,
                "unconnected": plan.unconnected,
                "why": plan.why,
                "dropped": plan.dropped,
            }
        )

    async def act(self, work: Work) -> None:
        """A decision changes nothing: there is only the observation."""


def _shown(captured: Host, read: Facts, plan: UplinkPlan) -> Facts:
    """Returns what the console's uplinks view shows: as captured, on the target now, planned."""
    return {
        "host": captured.name,
        "captured": [{"switch": s.name, "nics": list(s.nics)} for s in captured.virtual_switches],
        "now": read["ports"],
        "planned": plan.moves,
        "why": plan.why,
        "unconnected": list(plan.unconnected),
        "dropped": list(plan.dropped),
    }
