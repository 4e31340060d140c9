"""Handler that connects a guest to the recovered networks, and to no other."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.importer.vmkernel import port_connection
from drconsole.platforms.vsphere.session import Session

_Card = vim.vm.device.VirtualEthernetCard


class ConnectGuest(SiteHandler):
    """Connects each interface to its recovered network, and makes a template one again.

    An interface whose network is not recovered is unplugged: what its configuration file says may
    name a network of this site that is none of its own.
    """

    async def observe(self, work: Work) -> Done | None:
        session, guest = await self._guest(work)
        state = await session.read(guest, "config.hardware.device", "config.template")
        if await self._changes(work, state["config.hardware.device"]):
            return None
        if state["config.template"] != work.step.arguments["template"]:
            return None
        return Done(
            result={"unplugged": [w["mac"] for w in self._interfaces(work) if not _has_place(work, w)]}
        )

    async def act(self, work: Work) -> None:
        session, guest = await self._guest(work)
        state = await session.read(guest, "config.hardware.device", "config.template")
        changes = await self._changes(work, state["config.hardware.device"])
        seconds, about = work.step.deadline_s, work.step.object
        await work.check()
        if changes:
            spec = vim.vm.ConfigSpec(deviceChange=changes)
            await run_task(session, guest, "ReconfigVM_Task", spec=spec, seconds=seconds, about=about)
        if work.step.arguments["template"] and not state["config.template"]:
            await session.invoke(guest, "MarkAsTemplate", _about=about)

    async def _guest(self, work: Work) -> tuple[Session, Any]:
        return await self.site.server(work), reference("VirtualMachine", found(work, "guest"))

    def _interfaces(self, work: Work) -> list[dict[str, Any]]:
        return list(work.step.arguments["interfaces"])

    async def _changes(self, work: Work, devices: list[Any]) -> list[Any]:
        """Returns the edits that the guest's interfaces need, none where all are connected right."""
        cards = {card.key: card for card in devices if isinstance(card, _Card)}
        changes = []
        for wanted in self._interfaces(work):
            card = cards.pop(wanted["key"], None)
            if card is None:
                raise DeviceError(
                    f"its configuration file has no interface {wanted['key']} ({wanted['mac']})",
                    about=work.step.object,
                )
            changes.append(await self._change(work, wanted, card))
        # The storage may know interfaces that are younger than the snapshot.
        changes += [unplugged(card) for card in cards.values()]
        return [change for change in changes if change is not None]

    async def _change(self, work: Work, wanted: dict[str, Any], card: Any) -> Any:
        """Returns the edit that one interface needs, None where it is as it should be."""
        if not _has_place(work, wanted):
            return unplugged(card)
        backing = await self._backing(work, wanted)
        if same_backing(backing, card.backing):
            return None
        card.backing = backing
        return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)

    async def _backing(self, work: Work, wanted: dict[str, Any]) -> Any:
        group = f"group:{wanted['network']}"
        if group not in work.step.arguments["at"]:
            return _Card.NetworkBackingInfo(deviceName=wanted["name"])
        port = await port_connection(await self.site.server(work), found(work, group))
        return _Card.DistributedVirtualPortBackingInfo(port=port)


def _has_place(work: Work, wanted: dict[str, Any]) -> bool:
    return bool(wanted["name"]) or f"group:{wanted['network']}" in work.step.arguments["at"]


def unplugged(card: Any) -> Any:
    """Returns the edit that unplugs an interface for good, None where it is unplugged."""
    held = card.connectable
    if held is not None and not held.startConnected and not held.connected:
        return None
    # Unset stays as it is: what it says may exist nowhere here, and would be refused.
    card.backing = None
    card.connectable = vim.vm.device.VirtualDevice.ConnectInfo(
        startConnected=False, connected=False, allowGuestControl=bool(held and held.allowGuestControl)
    )
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def same_backing(wanted: Any, have: Any) -> bool:
    """Compares where two interfaces are plugged in; which port of a distributed group is no matter."""
    if type(wanted) is not type(have):
        return False
    if isinstance(wanted, _Card.DistributedVirtualPortBackingInfo):
        ports = ((b.port.switchUuid, b.port.portgroupKey) for b in (wanted, have))
        return next(ports) == next(ports)
    return bool(wanted.deviceName == have.deviceName)
