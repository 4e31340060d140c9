"""A fresh host's ports: read, and given the places of the captured NICs (R82, R83)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

import msgspec

from drconsole.model.inventory import Host
from drconsole.model.step import Done, Facts, Work, step_key
from drconsole.planning import keys
from drconsole.planning.uplinks import MANAGEMENT, Layout, Port, UplinkPlan, arrange
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
        return Done(result={"nics": plan.moves, "unconnected": plan.unconnected, "why": plan.why})

    async def act(self, work: Work) -> None:
        """A decision changes nothing: there is only the observation."""


def told(plan: UplinkPlan) -> str:
    """Returns an arrangement in words, with its reasons."""
    words = [*plan.why.values(), *(f"{role} stays without a link" for role in plan.unconnected)]
    return "; ".join(words) or "every port is as captured"


def ports_of(facts: list[Facts], booted: str, failed: Collection[str] = ()) -> tuple[Port, ...]:
    """Returns ports for the planning. Those that `failed` on trial count as without link."""
    return tuple(
        Port(
            name=port["name"],
            link=port["link"] and port["name"] not in failed,
            speed_mbit=port["speed"],
            booted=port["name"] == booted and port["name"] not in failed,
        )
        for port in facts
    )


def management_ports(layout: Layout, nics: dict[str, str]) -> list[str]:
    """Returns the target's ports under management, in the captured order."""
    roles = [role for role in layout.roles if role.name == MANAGEMENT]
    return [nics[nic] for role in roles for nic in role.nics if nic in nics]


def candidate(layout: Layout, ports: tuple[Port, ...], failed: Collection[str]) -> UplinkPlan | None:
    """Returns the best arrangement that keeps management off the ports that failed on trial.

    Such a port may serve another switch, whose VLANs it may carry. Where it would stay beside a good
    one under management, its NIC gets no port: teaming fails over by link alone, and would use it
    (DESIGN 4: link is necessary, not sufficient). None where no port with link is left for management.
    """
    plan = arrange(layout, ports)
    if MANAGEMENT in plan.unconnected:
        return None
    roles = {nic for role in layout.roles if role.name == MANAGEMENT for nic in role.nics}
    lost = {nic for nic in roles if plan.moves.get(nic) in failed}
    moves = {nic: port for nic, port in plan.moves.items() if nic not in lost}
    return UplinkPlan(
        moves=moves,
        why={nic: _reason(nic, why, moves[nic], failed) for nic, why in plan.why.items() if nic in moves},
        unconnected=plan.unconnected,
        dropped=(*plan.dropped, *sorted(lost)),
    )


def _reason(nic: str, why: str, port: str, failed: Collection[str]) -> str:
    """A port that failed on trial has link all the same: that is said instead."""
    return (
        f"{nic} did not carry the management network on trial; {port} takes its place"
        if nic in failed
        else why
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
