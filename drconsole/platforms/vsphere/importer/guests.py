"""Handlers for guests: read what lies on storage, register, connect, start (R67, R73)."""

from __future__ import annotations

import asyncio
from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, read_all, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session


class ReadGuests(SiteHandler):
    """Lists every guest's configuration file on a mounted datastore, and what the snapshot lacks.

    What it finds is reported and left to the operator: the snapshot may be older than the storage.
    """

    async def observe(self, work: Work) -> Done | None:
        session = await self.site.server(work)
        store = reference("Datastore", found(work, "datastore"))
        lying = await self._listed(session, store, work.step.deadline_s)
        known = {guest["path"]: guest["name"] for guest in work.step.arguments["guests"]}
        gone, new = sorted(set(known) - lying), sorted(lying - set(known))
        for path in gone:
            work.say(f"{known[path]}: its configuration file is not on the recovered storage", path=path)
        for path in new:
            work.say("a guest lies on the storage that the snapshot does not know", path=path)
        return Done(result={"found": len(lying), "gone": gone, "new": new})

    async def act(self, work: Work) -> None:
        """Reading changes nothing: there is only the observation."""

    async def _listed(self, session: Session, store: Any, seconds: float) -> set[str]:
        state = await session.read(store, "browser", "name")
        spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*.vmx", "*.vmtx"])
        found_in = await run_task(
            session,
            state["browser"],
            "SearchDatastoreSubFolders_Task",
            datastorePath=f"[{state['name']}]",
            searchSpec=spec,
            seconds=seconds,
            about=state["name"],
        )
        return {_joined(row.folderPath, file.path) for row in found_in or [] for file in row.file}


def _joined(folder: str, name: str) -> str:
    """Returns `[datastore] dir/file`; a folder comes with or without its closing slash."""
    return folder + name if folder.endswith(("/", "] ")) else f"{folder}/{name}"


class Register(SiteHandler):
    """Registers a guest from its configuration file on the mounted storage, on its host, in its pool."""

    async def observe(self, work: Work) -> Done | None:
        session, standing = await self.site.server(work), await self._standing(work)
        if standing is None:
            return None
        state = await session.read(standing, "runtime.connectionState", "config.instanceUuid")
        if state.get("runtime.connectionState") != "connected":
            raise DeviceError(
                f"is registered, but {state.get('runtime.connectionState')}", about=work.step.object
            )
        return Done(
            result={
                "moids": {work.step.arguments["id"]: standing._moId},
                "instance_uuid": state.get("config.instanceUuid", ""),
            }
        )

    async def act(self, work: Work) -> None:
        arguments, session = work.step.arguments, await self.site.server(work)
        await work.check()
        await run_task(
            session,
            reference("Folder", found(work, "folder")),
            "RegisterVM_Task",
            path=arguments["path"],
            name=arguments["name"],
            # A template cannot be connected to networks: it becomes one after that.
            asTemplate=False,
            pool=reference("ResourcePool", found(work, "pool")),
            host=reference("HostSystem", found(work, "host")),
            seconds=work.step.deadline_s,
            about=arguments["name"],
        )

    async def _standing(self, work: Work) -> Any:
        """Returns the guest whose configuration file is this one, among those on its host."""
        session = await self.site.server(work)
        host = reference("HostSystem", found(work, "host"))
        guests = (await session.read(host, "vm")).get("vm") or []
        rows = await read_all(session, list(guests), "config.files.vmPathName")
        for guest in guests:
            if rows.get(guest._moId, {}).get("config.files.vmPathName") == work.step.arguments["path"]:
                return guest
        return None


class ConnectGuest(SiteHandler):
    """Connects each interface to its recovered network, and makes a template one again."""

    async def observe(self, work: Work) -> Done | None:
        session, guest = await self._guest(work)
        state = await session.read(guest, "config.hardware.device", "config.template")
        if await self._changes(work, state["config.hardware.device"]):
            return None
        if state["config.template"] != work.step.arguments["template"]:
            return None
        return Done(result={"moids": {}})

    async def act(self, work: Work) -> None:
        session, guest = await self._guest(work)
        state = await session.read(guest, "config.hardware.device", "config.template")
        changes = await self._changes(work, state["config.hardware.device"])
        await work.check()
        if changes:
            await run_task(
                session,
                guest,
                "ReconfigVM_Task",
                spec=vim.vm.ConfigSpec(deviceChange=changes),
                seconds=work.step.deadline_s,
                about=work.step.object,
            )
        if work.step.arguments["template"] and not state["config.template"]:
            await session.invoke(guest, "MarkAsTemplate", _about=work.step.object)

    async def _guest(self, work: Work) -> tuple[Session, Any]:
        return await self.site.server(work), reference("VirtualMachine", found(work, "guest"))

    async def _changes(self, work: Work, devices: list[Any]) -> list[Any]:
        """Returns the edits that the guest's interfaces need, none where all are connected right."""
        cards = {card.key: card for card in devices if isinstance(card, vim.vm.device.VirtualEthernetCard)}
        changes = []
        for wanted in work.step.arguments["interfaces"]:
            card = cards.get(wanted["key"])
            if card is None:
                raise DeviceError(
                    f"its configuration file has no interface {wanted['key']} ({wanted['mac']})",
                    about=work.step.object,
                )
            backing = await self._backing(work, wanted)
            if backing is not None and not _same_backing(backing, card.backing):
                card.backing = backing
                changes.append(vim.vm.device.VirtualDeviceSpec(operation="edit", device=card))
        return changes

    async def _backing(self, work: Work, wanted: dict[str, Any]) -> Any:
        kinds = vim.vm.device.VirtualEthernetCard
        if f"group:{wanted['network']}" in work.step.arguments["at"]:
            moid = found(work, f"group:{wanted['network']}")
            port = await self._port(work, reference("DistributedVirtualPortgroup", moid))
            return kinds.DistributedVirtualPortBackingInfo(port=port)
        return kinds.NetworkBackingInfo(deviceName=wanted["name"]) if wanted["name"] else None

    async def _port(self, work: Work, group: Any) -> Any:
        session = await self.site.server(work)
        held = await session.read(group, "key", "config.distributedVirtualSwitch")
        uuid = (await session.read(held["config.distributedVirtualSwitch"], "uuid"))["uuid"]
        return vim.dvs.PortConnection(switchUuid=uuid, portgroupKey=held["key"])


def _same_backing(wanted: Any, have: Any) -> bool:
    if type(wanted) is not type(have):
        return False
    if isinstance(wanted, vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo):
        return (wanted.port.switchUuid, wanted.port.portgroupKey) == (
            have.port.switchUuid,
            have.port.portgroupKey,
        )
    return bool(wanted.deviceName == have.deviceName)


_MOVED = ("moved", "button.uuid.movedthevm")


class PowerOn(SiteHandler):
    """Starts a guest, and answers the question that changed storage raises: it was moved, not copied."""

    async def observe(self, work: Work) -> Done | None:
        session, guest = await self.site.server(work), reference("VirtualMachine", found(work, "guest"))
        state = await session.read(guest, "runtime.powerState")
        return Done(result={"power": "on"}) if state["runtime.powerState"] == "poweredOn" else None

    async def act(self, work: Work) -> None:
        session, guest = await self.site.server(work), reference("VirtualMachine", found(work, "guest"))
        await work.check()
        task = await session.invoke(guest, "PowerOnVM_Task", _about=work.step.object)
        waiting = asyncio.ensure_future(session.wait_task(task, work.step.deadline_s, about=work.step.object))
        try:
            while not waiting.done():
                await self._answer(work, session, guest)
                await asyncio.wait({waiting}, timeout=0.5)
            await waiting
        finally:
            waiting.cancel()

    async def _answer(self, work: Work, session: Session, guest: Any) -> None:
        question = (await session.read(guest, "runtime.question")).get("runtime.question")
        if question is None:
            return
        choice = next(
            (
                item.key
                for item in question.choice.choiceInfo
                if any(word in f"{item.label} {item.summary}".lower() for word in _MOVED)
            ),
            None,
        )
        if choice is None:
            raise DeviceError(
                f"asks: {question.text}", about=work.step.object, remedy="answer it, then retry"
            )
        try:
            await session.invoke(guest, "AnswerVM", questionId=question.id, answerChoice=choice)
            work.say("told that it was moved, so that it keeps its uuid and its MAC addresses")
        except Fault as fault:
            # Somebody else, or the attempt before, has answered already.
            if fault.code != "InvalidArgument":
                raise
